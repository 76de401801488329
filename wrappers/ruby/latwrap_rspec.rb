# Reports each example of RSpec to latwrap; latwrap has RSpec load it by SPEC_OPTS
require_relative "latwrap_channel"

module Latwrap
  # What RSpec tells its formatters
  class Listener
    EVENTS = [:example_started, :example_passed, :example_failed, :example_pending, :stop].freeze

    def initialize(path)
      @spans = Spans.new("rspec", path)
      @open = {}
    end

    def example_started(notification)
      Latwrap.safely do
        example = notification.example
        data = example.metadata
        file = data[:absolute_file_path]
        @open[example.id] = @spans.begin(example.full_description, file: file, line: data[:line_number], parent: @spans.enter(file))
      end
    end

    def example_passed(notification)
      finish(notification, "passed")
    end

    def example_failed(notification)
      finish(notification, "failed")
    end

    # Skipped, or failed as it should
    def example_pending(notification)
      finish(notification, "skipped")
    end

    def stop(_notification)
      Latwrap.safely { @spans.finish }
    end

    private

    def finish(notification, outcome)
      Latwrap.safely do
        id = @open.delete(notification.example.id)
        @spans.end(id, outcome) if id
      end
    end
  end

  def self.watch_rspec
    path = ENV["LATWRAP_SOCKET"]
    leave("SPEC_OPTS", "--require=#{__FILE__}", " ")
    leave("RUBYLIB", __dir__, File::PATH_SEPARATOR)
    $LOAD_PATH.delete(__dir__)
    return unless path

    # RSpec has all its formatters by then.
    RSpec.configure do |config|
      config.before(:suite) do
        Latwrap.safely { config.reporter.register_listener(Listener.new(path), *Listener::EVENTS) }
      end
    end
  end
end

Latwrap.safely { Latwrap.watch_rspec }
