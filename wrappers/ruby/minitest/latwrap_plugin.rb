# Reports each test of minitest to latwrap; minitest finds it because latwrap adds this directory to RUBYLIB
require_relative "../latwrap_channel"

module Latwrap
  # Around the run of a test, in the thread and the process in which it runs
  module Watched
    def run(*arguments)
      id = nil
      Latwrap.safely { id = Latwrap.begin_minitest(self) }
      result = super
    ensure
      Latwrap.safely { Latwrap.end_minitest(id, result) } if id
    end
  end

  def self.watch_minitest
    path = ENV["LATWRAP_SOCKET"]
    own = File.dirname(__dir__)
    leave("RUBYLIB", own, File::PATH_SEPARATOR)
    $LOAD_PATH.delete(own)
    return unless path

    @spans = Spans.new("minitest", path)
    @runs = Hash.new(0)
    @runs_lock = Thread::Mutex.new
    Minitest::Test.prepend(Watched)
    Minitest.after_run { safely { @spans.finish } }
  end

  def self.begin_minitest(test)
    name = "#{test.class}##{test.name}"
    file, line = test.method(test.name).source_location
    attempt = @runs_lock.synchronize { @runs[name] += 1 } # a plugin may run a test again
    @spans.begin(name, file: file && (file.start_with?("/") ? file : "#{DIRECTORY}/#{file}"), line: line, attempt: attempt)
  end

  def self.end_minitest(id, result)
    outcome = if result.nil? then nil
              elsif result.skipped? then "skipped"
              elsif result.passed? then "passed"
              elsif result.error? then "error"
              else "failed"
              end
    @spans.end(id, outcome)
  end
end

module Minitest
  def self.plugin_latwrap_init(_options)
    Latwrap.safely { Latwrap.watch_minitest }
  end
end
