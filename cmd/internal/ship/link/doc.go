// Package link connects a sensor with the shipper that it has started, by a Unix socket of
// packets (SOCK_SEQPACKET), which is the shipper's descriptor 3. Each packet is a JSON
// object.
//
//	shipper -> sensor   {"failure": "..."}     it cannot work, and ends
//	shipper -> sensor   {"ready": true, ...}   it is confined, and delivers. One of these two
//	                                           comes first, except for notes
//	shipper -> sensor   {"outputs": [...]}     its counts, when something has changed, once a
//	                                           second at most
//	shipper -> sensor   {"notes": [...]}       lines for the user
//	shipper -> sensor   {"final": true, ...}   the last counts: nothing follows
//	sensor -> shipper   {"reopen": true}       SIGHUP: read secrets and certificates again, and
//	                                           try again at once
//	sensor -> shipper   {"finish": 1600000000} nothing more is written to the journal: deliver
//	                                           what is there, within so many nanoseconds; 0: as
//	                                           long as outputs make progress
//
// A shipper whose sensor closes the socket without a finish, or is killed, delivers for half a
// second more, and ends: the sensor is started again, and its shipper goes on there. A sensor
// whose shipper ends goes on: the journal keeps the events.
//
// The sensor passes the lines and names on to a terminal: it makes them printable first.
package link
