# HTTP::Tiny of Perl itself, on IO::Socket::SSL. Debian's OpenSSL refuses the signatures
# of TLS 1.0 and 1.1 above its security level 0.
use strict;
use warnings;
use HTTP::Tiny;
use IO::Socket::SSL;

my %versions = (
	'TLSv1' => 'TLSv1', 'TLSv1.1' => 'TLSv1_1', 'TLSv1.2' => 'TLSv1_2', 'TLSv1.3' => 'TLSv1_3',
	'fixed' => 'SSLv23:!SSLv3:!SSLv2:!TLSv1:!TLSv1_1',
);
my %options = (SSL_cipher_list => 'DEFAULT@SECLEVEL=0');
$options{SSL_version} = $versions{$ENV{E2E_TLS}} if $ENV{E2E_TLS} ne '';
IO::Socket::SSL::set_defaults(%options);

my $answer = HTTP::Tiny->new(verify_SSL => 1, SSL_options => {SSL_ca_file => $ENV{E2E_CA}})->get($ARGV[0]);
die "$answer->{status} $answer->{reason} $answer->{content}" unless $answer->{success};
