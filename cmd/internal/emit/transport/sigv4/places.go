package sigv4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/regular"
)

// place is where credentials are.
type place struct {
	provider func(*http.Client) aws.CredentialsProvider
	files    []string // that are read again and again
	endpoint *url.URL // that is asked; nil: none
	proxied  bool     // the endpoint may be behind a proxy
}

// Variables are the environment variables whose values are secrets.
var Variables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"}

// find returns the first place that the environment names, in the order of AWS's SDKs.
// Without any it is the instance metadata service.
func find(o Options, env func(string) string) (place, error) {
	if id := env("AWS_ACCESS_KEY_ID"); id != "" {
		return fixed(aws.Credentials{AccessKeyID: id, SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"), SessionToken: env("AWS_SESSION_TOKEN")})
	}
	if file := env("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		return findWebIdentity(o, file, env)
	}
	if p, ok, err := findShared(env); ok || err != nil {
		return p, err
	}
	if relative, full := env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), env("AWS_CONTAINER_CREDENTIALS_FULL_URI"); relative != "" || full != "" {
		if relative != "" {
			full = "http://169.254.170.2" + relative
		}
		return findContainer(full, env)
	}
	return findInstance(env)
}

func fixed(c aws.Credentials) (place, error) {
	if c.SecretAccessKey == "" {
		return place{}, errors.New("the environment has AWS_ACCESS_KEY_ID, and no AWS_SECRET_ACCESS_KEY")
	}
	return place{provider: func(*http.Client) aws.CredentialsProvider {
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
	}}, nil
}

// containerHosts are the addresses of the agents of ECS and EKS. Elsewhere the token and
// the credentials must not go in the clear.
var containerHosts = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

func findContainer(uri string, env func(string) string) (place, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return place{}, errors.New("the environment's AWS_CONTAINER_CREDENTIALS_... is no URL")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && !slices.Contains(containerHosts, u.Hostname()) && (ip == nil || !ip.IsLoopback()) {
		return place{}, errors.New("the environment's AWS_CONTAINER_CREDENTIALS_FULL_URI needs https, or a container's own address")
	}
	p := place{endpoint: u}
	file := env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	if file != "" {
		p.files = []string{file}
	}
	p.provider = func(client *http.Client) aws.CredentialsProvider {
		return endpointcreds.New(uri, func(o *endpointcreds.Options) {
			o.HTTPClient, o.Retryer, o.AuthorizationToken = client, aws.NopRetryer{}, env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
			if file != "" {
				o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) { return readToken(file) })
			}
		})
	}
	return p, nil
}

// maxToken bounds a file with a token, in bytes.
const maxToken = 64 << 10

func readToken(file string) (string, error) {
	text, err := regular.Read(file, maxToken)
	return strings.TrimSpace(string(text)), err
}

func findInstance(env func(string) string) (place, error) {
	if strings.EqualFold(env("AWS_EC2_METADATA_DISABLED"), "true") {
		return place{}, errors.New("there are no AWS credentials in the environment or the shared credentials file, and AWS_EC2_METADATA_DISABLED is set")
	}
	endpoint := env("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	if endpoint == "" {
		endpoint = "http://169.254.169.254"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return place{}, errors.New("the environment's AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL")
	}
	return place{endpoint: u, provider: func(client *http.Client) aws.CredentialsProvider {
		service := imds.New(imds.Options{Endpoint: endpoint, HTTPClient: client, Retryer: aws.NopRetryer{}})
		return ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = service })
	}}, nil
}

// askTime bounds one request for credentials.
const askTime = 5 * time.Second

// client returns a client for the place's endpoint.
func (p place) client(d *transport.Dialer) *http.Client {
	t := &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}
	if p.proxied {
		t.Proxy = http.ProxyFromEnvironment
	}
	return &http.Client{
		Transport: t, Timeout: askTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Needs are what the sandbox has to allow for credentials.
type Needs struct {
	Files    []string
	Endpoint *url.URL // nil: none
	Proxied  bool     // the endpoint is asked through a proxy, if the environment names one
}

// Needs returns what a Signer for these options will need.
func (o Options) Needs(env func(string) string) (Needs, error) {
	p, err := find(o, env)
	return Needs{p.files, p.endpoint, p.proxied}, err
}

// wrong returns an error about a file or a variable that somebody has to change.
func wrong(format string, args ...any) error {
	return transport.Wrong(fmt.Errorf(format, args...))
}
