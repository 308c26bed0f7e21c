// Package text reads the lines of text protocols that upgrade to TLS (SMTP, IMAP,
// POP3, FTP, NNTP, ManageSieve, IRC), and the tags of XMPP.
//
// Each protocol has a list of the commands and replies that it may have before TLS.
// Those that carry other people's content (DATA, FETCH, RETR) are on no list, so
// that the text of a mail cannot pass for a handshake.
package text
