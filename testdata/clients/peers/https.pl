# One TLS connection by Perl's IO::Socket::SSL.
#
#   perl https.pl HOST [VERSION]
use strict;
use warnings;
use IO::Socket::SSL;

my ($host, $version) = @ARGV;
my %held = (
	'TLSv1'   => 'TLSv1',
	'TLSv1.1' => 'TLSv1_1',
	'TLSv1.2' => 'TLSv1_2',
	'TLSv1.3' => 'TLSv1_3',
);
my $socket = IO::Socket::SSL->new(
	PeerHost        => $host,
	PeerPort        => 443,
	SSL_hostname    => $host,
	SSL_verify_mode => SSL_VERIFY_NONE,
	$version ? (SSL_version => $held{$version}) : (),
) or die "refused: $SSL_ERROR\n";
print $socket "POST / HTTP/1.0\r\nHost: $host\r\n\r\n";
print <$socket>;
