# Reports the spans of a Ruby process to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)
#
# The wrappers of RSpec and minitest use it. It must not fail, slow down or change any test: it waits only at the end, and on
# any error it stops silently.

require "socket"

module Latwrap
  BACKLOG = 10_000 # messages kept while the socket is full
  NAME_CHARS = 1000

  # Tests may replace these (Timecop, FakeFS): what is taken here stays.
  CLOCK = Process.method(:clock_gettime)
  PID = Process.method(:pid)
  READLINK = File.method(:readlink)
  SELECT = IO.method(:select)
  SOCKET = Socket.method(:new)
  ADDRESS = Socket.method(:sockaddr_un)
  DIRECTORY = Dir.pwd

  def self.safely
    yield
  rescue StandardError
    nil # A test must not fail because of us.
  end

  def self.now_ns
    CLOCK.call(Process::CLOCK_MONOTONIC, :nanosecond)
  end

  def self.quote(text)
    text = text.to_s.dup
    text = text.force_encoding("UTF-8") if text.encoding == Encoding::BINARY
    text = text.encode("UTF-8", invalid: :replace, undef: :replace).scrub("?")[0, NAME_CHARS]
    "\"#{text.gsub(/["\\\u0000-\u001f]/) { |char| format('\\u%04x', char.ord) }}\""
  end

  # Removes what latwrap put first into a list: what a test starts must have the environment that it would have without us.
  def self.leave(variable, own, separator)
    value = ENV[variable]
    if value == own
      ENV.delete(variable)
    elsif value && value.start_with?(own + separator)
      ENV[variable] = value[(own + separator).length..-1]
    end
  end

  # The open spans of this process
  class Spans
    def initialize(runner, path)
      @runner = runner
      @path = path
      @lock = Thread::Mutex.new
      @count = 0
      @file = nil # [name, id] of the open span of a file
      reset
    end

    # Returns the span's id.
    def begin(name, file: nil, line: nil, parent: nil, attempt: 1)
      id = @lock.synchronize { "#{@runner}-#{PID.call}-#{@count += 1}" }
      fields = { "event" => "begin", "id" => id, "runner" => @runner, "name" => name, "file" => file, "parent" => parent }
      numbers = { "line" => line, "attempt" => attempt > 1 ? attempt : nil, "tid" => tid }
      send(fields, numbers)
      id
    end

    def end(id, outcome = nil)
      # After a fork, the spans are the parent's.
      send({ "event" => "end", "id" => id, "outcome" => outcome }, {}) if id.split("-")[1] == PID.call.to_s
    end

    # Begins the span of a file, and ends that of another one; returns its id
    def enter(file)
      return @file && @file[1] if @file && @file[0] == file

      leave
      name = file.start_with?("#{DIRECTORY}/") ? file[(DIRECTORY.length + 1)..-1] : file
      @file = [file, self.begin(name, file: file)]
      @file[1]
    end

    def leave
      self.end(@file[1]) if @file
      @file = nil
    end

    # Sends the last messages; gives up when latwrap takes none for 0.5 s
    def finish
      leave
      @lock.synchronize do
        waiting = deadline = nil
        while !@backlog.empty? && @pid == PID.call
          deadline = Latwrap.now_ns + 500_000_000 if @backlog.length != waiting
          break if Latwrap.now_ns >= deadline

          waiting = @backlog.length
          SELECT.call(nil, [@socket], nil, 0.05)
          flush
        end
      end
    end

    private

    def reset
      @pid = PID.call
      @backlog = []
      @unsent = 0
      open
    end

    def open
      @socket = SOCKET.call(:UNIX, :DGRAM)
      @socket.connect(ADDRESS.call(@path))
      # Methods that tests may replace
      @write = @socket.method(:sendmsg_nonblock)
    end

    def tid
      READLINK.call("/proc/thread-self")[/\d+\z/]
    rescue SystemCallError
      nil
    end

    def send(fields, numbers)
      numbers["time_ns"] = Latwrap.now_ns
      @lock.synchronize do
        reset if @pid != PID.call # after a fork the rest of the backlog is the parent's
        text = fields.select { |_, value| value }.map { |key, value| "\"#{key}\":#{Latwrap.quote(value)}" }
        text += numbers.select { |_, value| value }.map { |key, value| "\"#{key}\":#{value}" }
        @backlog << "{\"v\":1,#{text.join(',')}}"
        flush
      end
    end

    def flush
      open if @socket.closed? # by a test that closes what is not its own
      @backlog.shift while !@backlog.empty? && write(@backlog[0])
      return if @backlog.length <= BACKLOG

      @backlog.shift
      @unsent += 1
    rescue Errno::ENOBUFS
      nil # the next message tries again
    rescue StandardError
      @unsent += @backlog.length
      @backlog.clear
    end

    # The number of dropped messages is added here, since a message that waits may be dropped, too.
    def write(text)
      text = text.sub(/}\z/, ",\"unsent\":#{@unsent}}") if @unsent > 0
      return false if @write.call(text, exception: false) == :wait_writable

      @unsent = 0
      true
    end
  end
end
