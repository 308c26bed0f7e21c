// Package connections tells the sensor which connections tlsfloor itself has made.
//
// A sensor that writes every handshake would report the deliveries of its own events,
// and each report would cause the next delivery. So the process that delivers tells the
// addresses and ports of each connection after it is open and before its hello, over a
// socket of datagrams in the folder of the journal. The sensor leaves these handshakes
// out of its events, and counts them apart.
package connections
