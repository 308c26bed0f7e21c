// Package findings makes up findings for tests: any that a sensor may deliver.
package findings

import (
	"fmt"
	"math/rand"
	"net/netip"
	"reflect"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Some returns a finding with anything in each field that a sensor may give it.
func Some(r *rand.Rand) *classify.Finding {
	f := new(classify.Finding)
	Fill(r, f)
	f.Sensor, f.Misnamed, f.Outside, f.Sender = nil, false, false, netip.Addr{} // no event has them
	for i := range f.Anomalies {
		f.Anomalies[i] = "name_mismatch"
	}
	for i := range f.Copies {
		f.Copies[i].Source += "eth1"
	}
	if f.Return != nil {
		f.Return.Source = ""
	}
	f.Verdict %= classify.Violation + 1
	f.Fix %= classify.FixUnknown + 1
	f.Outcome %= classify.Truncated + 1
	f.HostSource = classify.NameNone
	for i := range f.Names {
		f.Names[i].Source = 1 + f.Names[i].Source%classify.NameAddress
	}
	if f.Host = ""; len(f.Names) > 0 { // what policy makes of them
		chosen := f.Names[r.Intn(len(f.Names))]
		if f.Host, f.HostSource = chosen.Host, chosen.Source; r.Intn(2) == 0 {
			f.Host = strings.ToLower(f.Host)
		}
	}
	describe(r, f)
	return f
}

// lastSecond is about as far from the Unix epoch as the year 0.
const lastSecond = 62e9

// describe gives the parts of a finding the words that a sensor has for them.
func describe(r *rand.Rand, f *classify.Finding) {
	f.Protocol %= parse.QUIC + 1
	if f.HelloVerify = f.HelloVerify && f.Protocol == parse.DTLS; f.Protocol != parse.QUIC {
		f.QUIC = classify.QUIC{}
	}
	if f.Series != nil {
		f.Series.Count++
	}
	if e := f.Exception; e != nil {
		e.Owner, e.Reason, e.Until = "x"+e.Owner, "x"+e.Reason, "2026-06-30"
	}
	if f.Hello == nil {
		f.SNI = ""
	} else if f.Hello.ShowsVersions() {
		f.Hello.Cut = false // it only matters where the versions are not shown
	}
	for _, hash := range hashes(f) {
		if *hash != "" {
			*hash = fmt.Sprintf("%032x", r.Uint64())
		}
	}
	if f.Answer == nil {
		f.Group = 0
	}
	f.History = []string{"", "CsxknGIi", "Cl"}[r.Intn(3)]
	if a := f.Alert; a != nil {
		a.From %= classify.ServerSide + 1
	}
	if a := f.Answer; a != nil {
		a.Resumed = []string{"", "id", "ticket", "psk"}[r.Intn(4)]
		a.JA3SFull = "769,47,"
	}
	if c := f.Certificate; c != nil {
		c.Serial, c.SHA1 = "0123", strings.Repeat("1b", 20)
		c.SHA256, c.NotBefore, c.NotAfter = strings.Repeat("0a", 32), c.NotBefore%lastSecond, c.NotAfter%lastSecond
	}
	if s := f.Software; s != nil {
		s.ID, s.Name, s.Confidence, s.Because = "nodejs", "Node.js", 1+s.Confidence%classify.High, []string{"ja3"}
	}
	if a := f.Advice; a != nil {
		a.ID, a.Summary = "nodejs", "x"+a.Summary
	}
	if p := f.Process; p != nil {
		p.Started -= p.Started % 1000 // the first microsecond of 1970 would be no time at all
		for i := range p.Parents {
			p.Parents[i].PID++
		}
	}
}

func hashes(f *classify.Finding) (all []*string) {
	if f.Hello != nil {
		all = append(all, &f.Hello.JA3)
		f.Hello.JA3Full = "769,47,,,"
	}
	if f.Answer != nil {
		all = append(all, &f.Answer.JA3S)
	}
	return all
}

// Fill gives each field of the struct that of points to a value.
func Fill(r *rand.Rand, of any) { fill(r, reflect.ValueOf(of).Elem()) }

// fill gives a value of any type, in half of all cases the zero value.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case netip.AddrPort:
		if a := address(r); a.IsValid() {
			v.Set(reflect.ValueOf(netip.AddrPortFrom(a, uint16(r.Intn(1<<16)))))
		}
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(address(r)))
		return
	case parse.Version:
		all := append(versions(), parse.Version(r.Intn(1<<16)))
		v.Set(reflect.ValueOf(all[r.Intn(len(all))]))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.Pointer:
		if r.Intn(4) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Slice:
		if n := r.Intn(4); n > 0 {
			if r.Intn(20) == 0 && v.Type().Elem().Kind() == reflect.String {
				n = 40
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(r, v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(Text(r))
	case reflect.Bool:
		v.SetBool(r.Intn(2) == 0)
	case reflect.Int:
		v.SetInt(1 + r.Int63n(1<<22))
	case reflect.Int64:
		v.SetInt(r.Int63() >> r.Intn(63) * int64(1-2*r.Intn(2)))
	default:
		if v.CanUint() {
			v.SetUint(r.Uint64() >> r.Intn(64))
			return
		}
		panic("a field of a kind that fill does not know: " + v.Type().String())
	}
}

func versions() []parse.Version {
	return []parse.Version{
		parse.SSLv2, parse.SSLv3, parse.TLSv1, parse.TLSv11, parse.TLSv12, parse.TLSv13, parse.DTLSv1, parse.DTLSv12, parse.DTLSv13, 0x7f17, 0xfb1a, 0x0a0a, 0x0305, 0,
	}
}

func address(r *rand.Rand) netip.Addr {
	all := []string{"", "10.0.0.5", "52.94.1.2", "::ffff:10.0.0.5", "2001:db8::1", "fe80::1%eth0", "::1", "127.0.0.1"}
	a, _ := netip.ParseAddr(all[r.Intn(len(all))])
	return a
}

// Text returns a text that is ordinary, or anything.
func Text(r *rand.Rand) string {
	if r.Intn(3) == 0 {
		return []string{"", "Example.COM.", "/usr/bin/node", "a b"}[r.Intn(4)]
	}
	const odd = "ab /\"\\\x00\x7f\xff\xc3\xe9\u00e9\u202e\U0001f600"
	length := r.Intn(20)
	if r.Intn(10) == 0 {
		length = r.Intn(600)
	}
	b := make([]byte, length)
	for i := range b {
		b[i] = odd[r.Intn(len(odd))]
	}
	return string(b)
}
