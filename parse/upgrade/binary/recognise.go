package binary

import "tlsfloor/parse/upgrade"

// Opening is how many bytes it takes to recognise a protocol, or more.
const Opening = 5

// Recognise tells a protocol of this package, and which side speaks, by the first
// bytes of a direction, of which there are at least Opening. s is the side that is
// thought to speak. need is how many bytes it takes to tell, where that is more than
// there are; the protocol counts only when need is not.
func Recognise(s upgrade.Side, data []byte) (p upgrade.Protocol, from upgrade.Side, need int) {
	if from, ok := mysqlOpens(data); ok {
		return upgrade.MySQL, from, 0
	}
	if from, ok, need := mysqlxOpens(s, data); ok || need > len(data) {
		return upgrade.MySQLX, from, need
	}
	switch string(data[:Opening]) {
	case "RFB 0":
		return upgrade.VNC, s, 0
	case "NBDMA":
		return upgrade.NBD, upgrade.Server, 0
	case "AMQP\x00", "AMQP\x01", "AMQP\x02", "AMQP\x03":
		return upgrade.AMQP, s, 0
	}
	switch c := data[0]; {
	case c == 0:
		return zeroOpens(s, data)
	case c == 3:
		return rdpOpens(data)
	case c == tdsReply:
		return tdsReplyOpens(data)
	case c == tdsPrelogin && data[1] <= 1:
		return upgrade.TDS, upgrade.Client, 0
	case c == '0':
		return ldapOpens(data)
	case c == telnetIAC && telnetOpens(data):
		return upgrade.Telnet, s, 0
	case postgresqlReplies(data):
		return upgrade.PostgreSQL, upgrade.Server, 0
	}
	return upgrade.None, s, 0
}

// zeroOpens tells apart the protocols that begin with a zero byte.
func zeroOpens(s upgrade.Side, data []byte) (upgrade.Protocol, upgrade.Side, int) {
	switch {
	case data[1] == 0 && data[2] == 0 && data[3] == 8:
		return upgrade.PostgreSQL, upgrade.Client, 0
	case data[1] == 0 && data[3] > 8 && data[4] == 0 && len(data) < postgresqlRequest:
		return upgrade.None, s, postgresqlRequest
	case data[1] == 0 && data[3] > 8 && postgresqlInClear(data):
		return upgrade.PostgreSQL, upgrade.Client, 0
	}
	if is, need := nbdOpens(data); is || need > len(data) {
		return upgrade.NBD, upgrade.Client, need
	}
	if from, ok := openvpnOpens(data); ok {
		return upgrade.OpenVPN, from, 0
	}
	return upgrade.None, s, 0
}
