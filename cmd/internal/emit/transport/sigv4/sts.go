package sigv4

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// webIdentity are credentials of a role that AWS STS gives for a token, such as that of a
// Kubernetes service account. The request is the only one to AWS that needs no signature.
type webIdentity struct {
	endpoint            string
	file, role, session string
	client              *http.Client
}

func findWebIdentity(o Options, file string, env func(string) string) (place, error) {
	w := webIdentity{endpoint: stsEndpoint(o.Region, env), file: file, role: env("AWS_ROLE_ARN"), session: env("AWS_ROLE_SESSION_NAME")}
	if w.role == "" {
		return place{}, errors.New("the environment has AWS_WEB_IDENTITY_TOKEN_FILE, and no AWS_ROLE_ARN")
	}
	if w.session == "" {
		w.session = "tlsfloor"
	}
	u, err := url.Parse(w.endpoint)
	if err != nil || u.Host == "" {
		return place{}, errors.New("the environment's AWS_ENDPOINT_URL_STS is no URL")
	}
	return place{files: []string{file}, endpoint: u, proxied: true, provider: func(client *http.Client) aws.CredentialsProvider {
		w.client = client
		return w
	}}, nil
}

// stsEndpoint is the region's, which AWS advises, in the two partitions with a suffix
// that its name tells.
func stsEndpoint(region string, env func(string) string) string {
	if url := env("AWS_ENDPOINT_URL_STS"); url != "" {
		return url
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix = ".amazonaws.com.cn"
	}
	return "https://sts." + region + suffix
}

// Retrieve implements aws.CredentialsProvider.
func (w webIdentity) Retrieve(ctx context.Context) (c aws.Credentials, err error) {
	token, err := readToken(w.file)
	if err != nil {
		return c, wrong("%w", err)
	}
	body := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {w.role}, "RoleSessionName": {w.session}, "WebIdentityToken": {token},
	}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.endpoint+"/", strings.NewReader(body))
	if err != nil {
		return c, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := w.client.Do(request)
	if err != nil {
		return c, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxToken))
	if err != nil {
		return c, err
	}
	return readRole(response.StatusCode, text)
}

// roleAnswer is an answer of STS, good or bad.
type roleAnswer struct {
	Credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      time.Time
	} `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Error struct{ Code, Message string }
}

func readRole(status int, text []byte) (aws.Credentials, error) {
	var a roleAnswer
	err := xml.Unmarshal(text, &a)
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return aws.Credentials{}, fmt.Errorf("AWS STS says %d", status)
	case status != http.StatusOK:
		return aws.Credentials{}, wrong("AWS STS says %d: %q: %q", status, a.Error.Code, a.Error.Message)
	case err != nil || a.Credentials.AccessKeyID == "" || a.Credentials.SecretAccessKey == "" || a.Credentials.Expiration.IsZero():
		return aws.Credentials{}, errors.New("the answer of AWS STS holds no credentials")
	}
	return aws.Credentials{
		AccessKeyID: a.Credentials.AccessKeyID, SecretAccessKey: a.Credentials.SecretAccessKey, SessionToken: a.Credentials.SessionToken,
		CanExpire: true, Expires: a.Credentials.Expiration,
	}, nil
}
