// Command golang makes one HTTPS request or one TLS connection.
//
//	golang URL [http|dial [MIN MAX]]    versions: TLSv1 TLSv1.1 TLSv1.2 TLSv1.3
//
// It has to compile with every Go since 1.13.
package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

var versions = map[string]uint16{"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}

func main() {
	config := &tls.Config{InsecureSkipVerify: true} // the recorder's certificate is its own
	if len(os.Args) > 4 {
		config.MinVersion, config.MaxVersion = versions[os.Args[3]], versions[os.Args[4]]
	}
	connect := request
	if len(os.Args) > 2 && os.Args[2] == "dial" {
		connect = dial
	}
	if err := connect(os.Args[1], config); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func request(address string, config *tls.Config) error {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	answer, err := client.Post(address, "application/x-amz-json-1.0", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func dial(address string, config *tls.Config) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	connection, err := tls.Dial("tcp", target.Host+":443", config)
	if err != nil {
		return err
	}
	return connection.Close()
}
