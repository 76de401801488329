# Reports each test file of prove to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)
#
# It must not fail, slow down or change any test: it never waits, and on any error it stops silently.
package App::Prove::Plugin::Latwrap;

use strict;
use warnings;

use Cwd            ();
use File::Basename ();
use IO::Handle     ();
use Socket qw(AF_UNIX MSG_DONTWAIT SOCK_DGRAM pack_sockaddr_un);
use TAP::Harness   ();
use Time::HiRes    qw(CLOCK_MONOTONIC clock_gettime);

use constant BACKLOG => 10_000;    # messages kept while the socket is full

my ( $socket, @backlog, $unsent, $count );

sub load {
    eval { start() };

    # Remove our own directory, which was only for this module: tests must not see it.
    my $directory = __FILE__;
    $directory = File::Basename::dirname($directory) for 1 .. 4;
    @INC = grep { $_ ne $directory } @INC;
    $ENV{PERL5LIB} = join ':', grep { $_ ne $directory } split /:/, $ENV{PERL5LIB} || '';
    delete $ENV{PERL5LIB} if $ENV{PERL5LIB} eq '';
    return 1;
}

sub start {
    my $path = $ENV{LATWRAP_SOCKET} or return;

    socket $socket, AF_UNIX, SOCK_DGRAM, 0 or return;
    connect $socket, pack_sockaddr_un($path) or return;
    my $initialize = \&TAP::Harness::_initialize;
    no warnings 'redefine';
    *TAP::Harness::_initialize = sub {
        my $harness = $initialize->(@_);
        eval { watch($harness) };
        return $harness;
    };
    return;
}

sub watch {
    my ($harness) = @_;
    my ( $before_ns, %ids );

    # In parallel mode, other tests begin and end between these callbacks, except between the first two.
    $harness->callback( parser_args => sub { $before_ns = now_ns() } );
    $harness->callback( made_parser => sub { eval { $ids{ $_[0] } = begin( $_[0], $_[1], $before_ns ) } } );
    $harness->callback(
        after_test => sub {
            my ( undef, $parser ) = @_;
            my $id = delete $ids{$parser} or return;
            eval { finish( $id, $parser ) };
        }
    );
    return;
}

sub now_ns { return sprintf '%.0f', clock_gettime(CLOCK_MONOTONIC) * 1e9 }

sub begin {
    my ( $parser, $test, $before_ns ) = @_;
    my ( $file, $name ) = @{$test};
    my $id     = "prove-$$-" . ++$count;
    my $source = eval { $parser->_iterator };
    my %message = ( event => 'begin', id => $id, time_ns => $before_ns, runner => 'prove', name => $name );

    $message{file} = Cwd::abs_path($file) if -f $file;
    $message{pid} = $source->{pid} if ref $source && eval { $source->{pid} };
    tell_latwrap( \%message );
    return $id;
}

sub finish {
    my ( $id, $parser ) = @_;
    my $outcome = 'passed';

    if ( ( $parser->wait || 0 ) & 127 ) {
        $outcome = 'error';
    }
    elsif ( $parser->has_problems ) {
        $outcome = 'failed';
    }
    elsif ( $parser->skip_all ) {
        $outcome = 'skipped';
    }
    tell_latwrap( { event => 'end', id => $id, time_ns => now_ns(), outcome => $outcome } );
    return;
}

sub quote {
    my ($text) = @_;

    utf8::encode($text) if utf8::is_utf8($text);
    $text = substr $text, 0, 1000;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
    return qq{"$text"};
}

sub tell_latwrap {
    my ($message) = @_;
    my @fields = map { "\"$_\":" . ( /^(?:time_ns|pid)$/ ? $message->{$_} : quote( $message->{$_} ) ) } sort keys %{$message};

    push @backlog, '{"v":1,' . join( ',', @fields ) . '}';
    flush_backlog();
    return;
}

sub flush_backlog {
    local $SIG{PIPE} = 'IGNORE';
    while (@backlog) {
        my $message = $backlog[0];

        # Only now, since a message that waits may be dropped, too
        $message =~ s/\}\z/,"unsent":$unsent}/ if $unsent;
        if ( defined send $socket, $message, MSG_DONTWAIT ) {
            shift @backlog;
            $unsent = 0;
            next;
        }
        last if $!{EAGAIN} || $!{ENOBUFS};
        $unsent += @backlog;
        @backlog = ();
    }
    if ( @backlog > BACKLOG ) {
        shift @backlog;
        $unsent++;
    }
    return;
}

END {
    local $?;
    eval { flush_backlog() } if $socket && @backlog;
}

1;
