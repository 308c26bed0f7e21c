package starttls

import "strings"

// transcript is a dialogue that upgrades.
type transcript struct {
	name   string
	proto  string
	turns  []turn
	client string // Protocol with the client's bytes alone; empty: proto; "-": TLS is not found
	server string // the same with the server's bytes alone
	host   string
	port   uint16
}

const (
	ber31      = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	berAD      = "\x30\x84\x00\x00\x00\x25\x02\x01\x01\x77\x84\x00\x00\x00\x1c\x80\x84\x00\x00\x00\x161.3.6.1.4.1.1466.20037"
	berOK      = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
	berRefused = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"
	berSearch  = "\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectclass\x30\x00"
	berEntry   = "\x30\x09\x02\x01\x01\x64\x04\x04\x00\x30\x00"
	berDone    = "\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00"

	pgSSL = "\x00\x00\x00\x08\x04\xd2\x16\x2f"
	pgGSS = "\x00\x00\x00\x08\x04\xd2\x16\x30"

	xmlHead   = "<?xml version='1.0'?>"
	xmlStream = "<stream:stream to='example.com' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"

	proxyV2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x9c\x40\x01\xbb"
)

const zeros23 = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

var (
	myGreeting = mysqlPacket(0, "\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xdf\x15"+
		zeros23[:10]+"ijklmnopqrst\x00caching_sha2_password\x00")
	mariaGreeting = mysqlPacket(0, "\x0a5.5.5-10.11.6-MariaDB\x00\x08\x00\x00\x00abcdefgh\x00\xfe\xff\x2d\x02\x00\xff\x81\x15"+
		zeros23[:6]+"\x1d\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00")
	mySSL    = mysqlPacket(1, "\x85\xae\xff\x19\x00\x00\x00\x01\xff"+zeros23)
	mariaSSL = mysqlPacket(1, "\x84\xae\xbf\x20\x00\x00\x00\x40\x2d"+zeros23[4:]+"\x1c\x00\x00\x00")

	xCapabilities = "\x14\x00\x00\x00\x02\x0a\x11\x0a\x0f\x0a\x03tls\x12\x08\x08\x01\x12\x04\x08\x07\x40\x01"

	rdpRequest = tpkt("\xe0\x00\x00\x00\x00\x00Cookie: mstshash=eltons\r\n\x01\x00\x08\x00\x03\x00\x00\x00")
	rdpBare    = tpkt("\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00")
	rdpConfirm = tpkt("\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00")
	rdpFailure = tpkt("\xd0\x00\x00\x12\x34\x00\x03\x00\x08\x00\x02\x00\x00\x00")
)

// mysqlPacket puts length and sequence number before a body.
func mysqlPacket(sequence byte, body string) string {
	return string([]byte{byte(len(body)), 0, 0, sequence}) + body
}

// tpkt puts TPKT header and X.224 length before the rest of a TPDU.
func tpkt(tpdu string) string {
	return string([]byte{3, 0, 0, byte(len(tpdu) + 5), byte(len(tpdu))}) + tpdu
}

var transcripts = []transcript{
	{name: "smtp", proto: "smtp", turns: []turn{
		s("220-mx.example.com ESMTP\r\n220 ready\r\n"), c("EHLO client.example.com\r\n"),
		s("250-mx.example.com\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"), c("STARTTLS\r\n"),
		s("220 2.0.0 Ready to start TLS\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp pipelined", proto: "smtp", turns: []turn{
		s("220 mx.example.com\r\n"), c("EHLO x\r\nSTARTTLS\r\n"), s("250-mx\r\n250 STARTTLS\r\n220 go\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp with bare line feeds and small letters", proto: "smtp", turns: []turn{
		s("220\n"), c("ehlo\n"), s("250\n"), c("rset\nstaRttLs\n"), s("250\n220\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp refused, then granted", proto: "smtp", turns: []turn{
		s("220 mx\r\n"), c("STARTTLS\r\n"), s("503 EHLO first\r\n"), c("EHLO x\r\n"), s("250 mx\r\n"), c("STARTTLS\r\n"),
		s("220 go\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp answered with an alert", proto: "smtp", turns: []turn{
		s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("220 go\r\n"),
		cTLS(clientHello), sTLS(alertRecord)}},
	{name: "smtp with SSLv2 hellos", proto: "smtp", turns: []turn{
		s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("220 go\r\n"),
		cTLS(oldClientHello), sTLS(oldServerHello)}},
	{name: "exchange", proto: "smtp", turns: []turn{
		s("220 exch Microsoft ESMTP MAIL Service\r\n"), c("EHLO peer\r\n"), s("250-exch\r\n250 X-ANONYMOUSTLS\r\n"),
		c("X-ANONYMOUSTLS\r\n"), s("220 2.0.0 SMTP server ready\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "lmtp", proto: "smtp", turns: []turn{
		s("220 lmtp\r\n"), c("LHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("220 go\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp, reply captured after the hello", proto: "smtp", turns: []turn{
		s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), cTLS(clientHello),
		s("220 go\r\n"), sTLS(serverHello)}},
	{name: "smtp, command captured after the server's hello", proto: "smtp", turns: []turn{
		s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"), s("220 go\r\n"), sTLS(serverHello),
		c("STARTTLS\r\n"), cTLS(clientHello)}},
	{name: "imap", proto: "imap", turns: []turn{
		s("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"), c("a1 CAPABILITY\r\n"),
		s("* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"), c("a2 STARTTLS\r\n"), s("a2 OK Begin TLS\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "imap with a long capability line", proto: "imap", turns: []turn{
		s("* OK [CAPABILITY IMAP4rev1" + strings.Repeat(" XTENSION", 500) + "] ready\r\n"), c("a STARTTLS\r\n"), s("a OK\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "imap with a login in literals first", proto: "imap", turns: []turn{
		s("* OK ready\r\n"), c("a LOGIN {5}\r\n"), s("+ go on\r\n"), c("alice {6+}\r\nsecret\r\n"), s("a NO use TLS\r\n"),
		c("b STARTTLS\r\n"), s("b OK\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "pop3", proto: "pop3", turns: []turn{
		s("+OK ready <1@x>\r\n"), c("CAPA\r\n"), s("+OK\r\nTOP\r\nUIDL\r\nSTLS\r\nSASL PLAIN\r\n.\r\n"), c("STLS\r\n"),
		s("+OK Begin TLS negotiation\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "nntp", proto: "nntp", client: "nntp", turns: []turn{
		s("201 news.example.com\r\n"), c("CAPABILITIES\r\n"), s("101 list\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\n.\r\n"),
		c("STARTTLS\r\n"), s("382 Continue\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "ftp", proto: "ftp", turns: []turn{
		s("220-Welcome\r\n to a long\r\n230 banner\r\n220 ready\r\n"), c("FEAT\r\n"), s("211-Features:\r\n AUTH TLS\r\n211 End\r\n"),
		c("AUTH TLS\r\n"), s("234 go\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "ftp, second mechanism", proto: "ftp", turns: []turn{
		s("220 ready\r\n"), c("AUTH TLS\r\n"), s("504 no\r\n"), c("AUTH SSL\r\n"), s("234 go\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "sieve", proto: "sieve", turns: []turn{
		s("\"IMPLEMENTATION\" \"Dovecot\"\r\n\"SIEVE\" \"fileinto\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"), c("STARTTLS\r\n"),
		s("OK \"Begin TLS\"\r\n"), cTLS(clientHello), sTLS(serverHello)}, client: "smtp"},
	{name: "irc", proto: "irc", turns: []turn{
		s(":irc NOTICE AUTH :*** Looking up\r\n"), c("CAP LS 302\r\nNICK a\r\nUSER a 0 * :a\r\n"),
		s(":irc CAP * LS :multi-prefix tls\r\n"), c("STARTTLS\r\n"), s(":irc 670 a :STARTTLS successful\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "ldap", proto: "ldap", turns: []turn{
		c(ber31), s(berOK), cTLS(clientHello), sTLS(serverHello)}},
	{name: "ldap with long lengths, after a search", proto: "ldap", turns: []turn{
		c(berSearch), s(berEntry + berDone), c(berAD), s(berOK), cTLS(clientHello), sTLS(serverHello)}},
	{name: "xmpp", proto: "xmpp", turns: []turn{
		c(xmlHead + xmlStream), s(xmlHead + xmlStream),
		s("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"),
		c("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), s("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "xmpp, odd white space and attributes", proto: "xmpp", turns: []turn{
		c(xmlHead + "\n" + xmlStream), s(xmlHead + "\r\n" + xmlStream + "\n<stream:features\n>\n</stream:features>"),
		c("<starttls\n note=\"a>b'\"  xmlns = 'urn:ietf:params:xml:ns:xmpp-tls'\t></starttls >"),
		s(" <proceed\txmlns='urn:ietf:params:xml:ns:xmpp-tls' ></proceed>"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "postgresql", proto: "postgresql", turns: []turn{
		c(pgSSL), s("S"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "postgresql, GSSAPI first", proto: "postgresql", turns: []turn{
		c(pgGSS), s("N"), c(pgSSL), s("S"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysql", proto: "mysql", turns: []turn{
		s(myGreeting), c(mySSL), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysql, request and hello at once", proto: "mysql", turns: []turn{
		s(myGreeting), c(mySSL), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mariadb", proto: "mysql", turns: []turn{
		s(mariaGreeting), c(mariaSSL), cTLS(clientHello), sTLS(serverHello)}},
	{name: "rdp", proto: "rdp", turns: []turn{
		c(rdpRequest), s(rdpConfirm), cTLS(clientHello), sTLS(serverHello)}},
	{name: "rdp without cookie", proto: "rdp", turns: []turn{
		c(rdpBare), s(rdpConfirm), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect", proto: "http-connect", host: "s3.amazonaws.com", port: 443, turns: []turn{
		c("CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: s3.amazonaws.com:443\r\n\r\n"),
		s("HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect, authentication in three steps", proto: "http-connect", host: "2001:db8::1", port: 8443, turns: []turn{
		c("CONNECT a:443 HTTP/1.1\r\n\r\n"),
		s("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 9\r\n\r\nHTTP/1.1 "),
		c("CONNECT b:443 HTTP/1.1\r\nProxy-Authorization: NTLM x\r\n\r\n"),
		s("HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHTTP/\r\n1\r\n1\r\n0\r\nTrailer: x\r\n\r\n"),
		c("CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect, answered with a length all the same", proto: "http-connect", host: "a", port: 443, server: "-", turns: []turn{
		c("CONNECT a:443 HTTP/1.0\n\n"), s("HTTP/1.0 200 OK\nContent-Length: 10\n\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect with a long ticket", proto: "http-connect", host: "a", port: 443, turns: []turn{
		c("CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: Negotiate " + strings.Repeat("YII=", 2000) + "\r\n\r\n"),
		s("HTTP/1.1 200 OK\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp through http-connect", proto: "smtp", host: "email-smtp.us-east-1.amazonaws.com", port: 587, turns: []turn{
		c("CONNECT email-smtp.us-east-1.amazonaws.com:587 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n220 mx\r\n"),
		c("EHLO x\r\n"), s("250 STARTTLS\r\n"), c("STARTTLS\r\n"), s("220 go\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "SSLv2 hello through http-connect", proto: "http-connect", host: "a", port: 443, turns: []turn{
		c("CONNECT a:443 HTTP/1.0\r\n\r\n"), s("HTTP/1.0 200 OK\r\n\r\n"), cTLS(oldClientHello), sTLS(serverHello)}},
	{name: "socks4", proto: "socks4", host: "52.94.1.2", port: 443, turns: []turn{
		c("\x04\x01\x01\xbb\x34\x5e\x01\x02user\x00"), s("\x00\x5a\x01\xbb\x34\x5e\x01\x02"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks4a", proto: "socks4", host: "sqs.eu-west-1.amazonaws.com", port: 443, turns: []turn{
		c("\x04\x01\x01\xbb\x00\x00\x00\x01\x00sqs.eu-west-1.amazonaws.com\x00"), s("\x00\x5a\x00\x00\x00\x00\x00\x00"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks5", proto: "socks5", host: "s3.amazonaws.com", port: 443, turns: []turn{
		c("\x05\x01\x00"), s("\x05\x00"), c("\x05\x01\x00\x03\x10s3.amazonaws.com\x01\xbb"),
		s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks5 with a password, IPv6", proto: "socks5", host: "2001:db8::2", port: 443, turns: []turn{
		c("\x05\x02\x00\x02"), s("\x05\x02"), c("\x01\x04user\x04pass"), s("\x01\x00"),
		c("\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\xbb"),
		s("\x05\x00\x00\x03\x05local\x00\x01"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "postgresql through socks5", proto: "postgresql", host: "10.0.0.9", port: 5432, turns: []turn{
		c("\x05\x01\x00"), s("\x05\x00"), c("\x05\x01\x00\x01\x0a\x00\x00\x09\x15\x38"),
		s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), c(pgSSL), s("S"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 1", proto: "proxy-protocol", server: "", turns: []turn{
		c("PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 1, addresses unknown", proto: "proxy-protocol", turns: []turn{
		c("PROXY UNKNOWN\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 2", proto: "proxy-protocol", turns: []turn{
		c(proxyV2), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 2 with IPv6 and TLVs", proto: "proxy-protocol", turns: []turn{
		c("\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x29" + "0123456789abcdef" + "0123456789abcdef" + "\x00\x01\x00\x02" + "\x04\x00\x02xx"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 2, a health check", proto: "proxy-protocol", turns: []turn{
		c("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp behind proxy-protocol", proto: "smtp", turns: []turn{
		c("PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n"), s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"),
		c("STARTTLS\r\n"), s("220 go\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysql behind proxy-protocol", proto: "mysql", turns: []turn{
		c(proxyV2), s(myGreeting), c(mySSL), cTLS(clientHello), sTLS(serverHello)}},
	{name: "xmpp, begun before the capture", proto: "xmpp", turns: []turn{
		s("<stream:features><starttls/></stream:features>"), c("<starttls/>"), s("<proceed/>"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks5, begun before the capture", proto: "socks5", host: "10.0.0.1", port: 443, turns: []turn{
		c("\x05\x01\x00\x01\x0a\x00\x00\x01\x01\xbb"), s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysqlx", proto: "mysqlx", turns: []turn{
		s("\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"), c(xCapabilities), s("\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysqlx, capabilities first", proto: "mysqlx", turns: []turn{
		s("\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"), c("\x01\x00\x00\x00\x01"),
		s("\x16\x00\x00\x00\x02\x0a\x0f\x0a\x03tls\x12\x08\x08\x01\x12\x04\x08\x07\x40\x00\x0a\x02\x0a\x00"),
		c(xCapabilities), s("\x05\x00\x00\x00\x0b\x08\x05\x1a\x00\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysqlx of an old server, which says nothing first", proto: "mysqlx", server: "-", turns: []turn{
		c(xCapabilities), s("\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "mysqlx with a length that counts one too many", proto: "mysqlx", turns: []turn{
		s("\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"), c("\x10\x00\x00\x00\x02\x0a\x0d\x0a\x0b\x0a\x03tls\x12\x04\x08\x01\x12"),
		s("\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "amqp", proto: "amqp", turns: []turn{
		c("AMQP\x02\x01\x00\x00"), s("AMQP\x02\x01\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "nbd", proto: "nbd", turns: []turn{
		s("NBDMAGICIHAVEOPT\x00\x03"), c("\x00\x00\x00\x03"), c("IHAVEOPT\x00\x00\x00\x05\x00\x00\x00\x00"),
		s(nbdReply + "\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "nbd, told to use TLS", proto: "nbd", turns: []turn{
		s("NBDMAGICIHAVEOPT\x00\x03"), c("\x00\x00\x00\x01IHAVEOPT\x00\x00\x00\x03\x00\x00\x00\x00"),
		s(nbdReply + "\x00\x00\x00\x03\x80\x00\x00\x05\x00\x00\x00\x03TLS"), c("IHAVEOPT\x00\x00\x00\x05\x00\x00\x00\x00"),
		s(nbdReply + "\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "vnc, VeNCrypt", proto: "vnc", turns: []turn{
		s("RFB 003.008\n"), c("RFB 003.008\n"), s("\x02\x13\x02"), c("\x13"), s("\x00\x02"), c("\x00\x02"), s("\x00"),
		s("\x02\x00\x00\x01\x04\x00\x00\x01\x01"), c("\x00\x00\x01\x04"), s("\x01"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "vnc, TLS as a type", proto: "vnc", turns: []turn{
		s("RFB 003.007\n"), c("RFB 003.007\n"), s("\x01\x12"), c("\x12"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "telnet", proto: "telnet", turns: []turn{
		s("\xff\xfd\x2e\xff\xfb\x01"), c("\xff\xfb\x2e\xff\xfd\x01"), s("\xff\xfa\x2e\x01\xff\xf0"), c("\xff\xfa\x2e\x01\xff\xf0"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-upgrade", proto: "http-upgrade", turns: []turn{
		c("OPTIONS * HTTP/1.1\r\nHost: printer:631\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\n\r\n"),
		s("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0,HTTP/1.1\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-upgrade with a request that has a body", proto: "http-upgrade", turns: []turn{
		c("POST /printers/a HTTP/1.1\r\nUpgrade: h2c, tls/1.0\r\nConnection: Upgrade\r\nContent-Length: 9\r\n\r\n123456789"),
		s("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-upgrade that the server requires", proto: "http-upgrade", turns: []turn{
		c("GET /printers HTTP/1.1\r\nHost: a\r\n\r\n"),
		s("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nno.\n"),
		c("OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"),
		s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect behind other requests", proto: "http-connect", host: "a", port: 443, server: "-", turns: []turn{
		c("GET http://www.example.com/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
		s("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\nHTTP/1.1 200"),
		c("HEAD http://www.example.com/ HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
		s("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"),
		c("POST http://www.example.com/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n"),
		s("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00c\r\nHTTP/1.1 200\r\n0\r\n\r\n"),
		c("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
		s("HTTP/1.1 200 Connection established\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "http-connect, and a request after a refusal", proto: "http-connect", host: "b", port: 443, turns: []turn{
		c("CONNECT a:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n"),
		c("GET http://a/ HTTP/1.1\r\n\r\n"), s("HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nno\n"),
		c("CONNECT b:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.0 407 No\r\nProxy-Connection: keep-alive\r\n\r\n"),
		c("CONNECT b:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks5 with GSSAPI", proto: "socks5", host: "a", port: 443, turns: []turn{
		c("\x05\x02\x00\x01"), s("\x05\x01"), c("\x01\x01\x00\x05token"), s("\x01\x01\x00\x06answer"), c("\x01\x02\x00\x01\x00"), s("\x01\x02\x00\x01\x00"),
		c("\x05\x01\x00\x03\x01a\x01\xbb"), s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "socks5 with GSSAPI where a password was offered, too", proto: "socks5", host: "a", port: 443, client: "-", turns: []turn{
		c("\x05\x03\x00\x01\x02"), s("\x05\x01"), c("\x01\x01\x00\x05token"), s("\x01\x01\x00\x06answer"), c("\x01\x02\x00\x01\x00"), s("\x01\x02\x00\x01\x00"),
		c("\x05\x01\x00\x03\x01a\x01\xbb"), s("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 1 twice", proto: "proxy-protocol", turns: []turn{
		c("PROXY TCP4 10.0.0.9 10.0.0.2 40000 443\r\nPROXY TCP4 10.0.0.1 10.0.0.9 40001 443\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 2 twice", proto: "proxy-protocol", turns: []turn{
		c(proxyV2 + proxyV2), cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 1, then 2 with TLVs", proto: "proxy-protocol", turns: []turn{
		c("PROXY UNKNOWN\r\n"), c("\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x29" + "0123456789abcdef" + "0123456789abcdef" + "\x00\x01\x00\x02" + "\x04\x00\x02xx"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "proxy-protocol 2, then 1", proto: "proxy-protocol", turns: []turn{
		c("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"), c("PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "smtp behind two PROXY headers", proto: "smtp", turns: []turn{
		c(proxyV2 + "PROXY TCP4 10.0.0.1 10.0.0.9 40001 25\r\n"), s("220 mx\r\n"), c("EHLO x\r\n"), s("250 STARTTLS\r\n"),
		c("STARTTLS\r\n"), s("220 go\r\n"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "xmpp without an XML declaration", proto: "xmpp", turns: []turn{
		c(xmlStream), s(xmlStream + "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"),
		c("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), s("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
		cTLS(clientHello), sTLS(serverHello)}},
	{name: "xmpp with other quotes, prefixes and white space", proto: "xmpp", turns: []turn{
		c("\r\n <?xml version=\"1.0\" encoding='UTF-8' standalone=\"yes\"?>\n<s:stream to=\"example.com\" xmlns:s=\"http://etherx.jabber.org/streams\" xmlns=\"jabber:client\">"),
		s("\xef\xbb\xbf<stream xmlns='http://etherx.jabber.org/streams'><features><starttls/></features>"),
		c("<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>"), s("<proceed/>"), cTLS(clientHello), sTLS(serverHello)}},
	{name: "postgresql behind proxy-protocol", proto: "postgresql", turns: []turn{
		c(proxyV2 + pgSSL), s("S"), cTLS(clientHello), sTLS(serverHello)}},
}

// nbdReply is the magic number of NBD's replies.
const nbdReply = "\x00\x03\xe8\x89\x04\x55\x65\xa9"
