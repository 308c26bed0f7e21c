package sigv4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
)

const (
	secret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	session = "AQoDYXdzEJr//////////wEXAMPLE+session=="
)

// environment makes exactly these variables of AWS's visible.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// services plays AWS STS, a container's agent and the instance metadata service. Each
// request is written to asked.
func services(t *testing.T, asked *[]string) string {
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	inJSON := fmt.Sprintf(`{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"%s","Token":"%s","Expiration":"%s"}`, secret, session, expires)
	const role = "/latest/meta-data/iam/security-credentials/"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body)))
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "metadata")
		case role:
			fmt.Fprint(w, "role-of-the-instance")
		case role + "role-of-the-instance", "/v2/credentials":
			fmt.Fprint(w, inJSON)
		default:
			fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
				<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>
				<Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, secret, session, expires)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Each place gives the credentials, and another computation arrives at the same signature.
func TestPlaces(t *testing.T) {
	var asked []string
	url := services(t, &asked)
	for name, tt := range map[string]struct {
		variables map[string]string
		asked     string // the last request
		session   bool
	}{
		"environment": {map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": secret}, "", false},
		"environment with a session": {
			map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": session}, "", true},
		"shared file": {map[string]string{
			"AWS_SHARED_CREDENTIALS_FILE": write(t, "; keys\n[other]\naws_access_key_id=X\n[ default ]\n# none\naws_access_key_id = AKIA\nAWS_Secret_Access_Key="+secret+"\n"),
		}, "", false},
		"profile": {map[string]string{
			"AWS_PROFILE":                 "tls floor",
			"AWS_SHARED_CREDENTIALS_FILE": write(t, "[default]\na=b\n[tls floor]\naws_access_key_id=A\naws_secret_access_key="+secret+"\naws_session_token="+session),
		}, "", true},
		"web identity": {map[string]string{
			"AWS_WEB_IDENTITY_TOKEN_FILE": write(t, "a token\n"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_ENDPOINT_URL_STS": url,
		}, "POST /  Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=tlsfloor&Version=2011-06-15&WebIdentityToken=a+token", true},
		"container": {map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/v2/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, "of the agent\n"),
		}, "GET /v2/credentials of the agent", true},
		"instance": {map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": url},
			"GET /latest/meta-data/iam/security-credentials/role-of-the-instance", true},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, tt.variables)
			asked = nil
			mask := new(transport.Mask)
			s, err := New(Options{"eu-central-1", "es"}, nil, mask)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time from memory
				checkSigned(t, s, tt.session)
			}
			if n := len(asked); tt.asked == "" && n > 0 || tt.asked != "" && (n == 0 || asked[n-1] != tt.asked) {
				t.Errorf("asked for %q", asked)
			}
			before := len(asked)
			s.Forget()
			checkSigned(t, s, tt.session)
			if tt.asked != "" && len(asked) == before {
				t.Error("what was forgotten is not asked for again")
			}
			if text := mask.Hide("x " + secret + " " + session); strings.Contains(text, secret) || tt.session && strings.Contains(text, session) {
				t.Errorf("%q is not masked", text)
			}
		})
	}
}

func checkSigned(t *testing.T, s *Signer, hasSession bool) {
	t.Helper()
	body := []byte("{}\n")
	r, err := http.NewRequest(http.MethodPost, "https://search.example.com:9200/a/_bulk?pipeline=p&filter_path=errors,items.*.status", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if err := s.Sign(context.Background(), r, body); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("X-Amz-Security-Token"); (got == session) != hasSession {
		t.Errorf("session token %q", got)
	}
	r.URL.RawQuery = strings.ReplaceAll(strings.ReplaceAll(r.URL.RawQuery, ",", "%2C"), "*", "%2A") // as the server's own form has it
	if err := standin.CheckSignature(r, body, secret); err != nil {
		t.Error(err)
	}
}

// What somebody has to change is known at the start, and no message holds a secret.
func TestNoCredentials(t *testing.T) {
	shared := write(t, "[default]\nrole_arn=arn:aws:iam::1:role/r\nsecret = "+secret+"\n")
	for name, tt := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"half":              {map[string]string{"AWS_ACCESS_KEY_ID": "AKIA"}, "no AWS_SECRET_ACCESS_KEY"},
		"no role":           {map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/none"}, "no AWS_ROLE_ARN"},
		"no profile":        {map[string]string{"AWS_PROFILE": "x", "AWS_SHARED_CREDENTIALS_FILE": shared}, "no such profile"},
		"no file":           {map[string]string{"AWS_PROFILE": "x"}, "no such file"},
		"a role":            {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": shared}, "roles, SSO and programs are not supported"},
		"in the clear":      {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"}, "needs https"},
		"no URL":            {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}, "no URL"},
		"nothing":           {map[string]string{"AWS_EC2_METADATA_DISABLED": "TRUE"}, "no AWS credentials in the environment"},
		"metadata, no URL":  {map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": "x"}, "no URL"},
		"STS, no URL":       {map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_ROLE_ARN": "r", "AWS_ENDPOINT_URL_STS": "x"}, "no URL"},
		"relative is fixed": {map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ".example.com/x"}, "needs https"},
	} {
		environment(t, tt.variables)
		if _, err := New(Options{"r", "es"}, nil, nil); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// What STS answers decides whether somebody has to change something.
func TestRole(t *testing.T) {
	for text, tt := range map[string]struct {
		status int
		class  transport.Class
		want   string
	}{
		`<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized &#10;</Message></Error></ErrorResponse>`: {
			403, transport.Misconfigured, `AWS STS says 403: "AccessDenied": "Not authorized \n"`},
		"<html>": {400, transport.Misconfigured, "AWS STS says 400"},
		"busy":   {503, transport.Passing, "AWS STS says 503"},
		"slowly": {429, transport.Passing, "AWS STS says 429"},
		"":       {200, transport.Passing, "holds no credentials"},
		`<A><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>A</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></A>`: {
			200, transport.Passing, "holds no credentials"},
	} {
		_, err := readRole(tt.status, []byte(text))
		if err = failure(err); transport.ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, class %d", text, err, transport.ClassOf(err))
		}
	}
}

func TestNeeds(t *testing.T) {
	none := func(string) string { return "" }
	n, err := Options{"eu-central-1", "es"}.Needs(none)
	if err != nil || n.Endpoint.String() != "http://169.254.169.254" || n.Proxied || n.Files != nil {
		t.Errorf("%+v, %v", n, err)
	}
	n, err = Options{"cn-north-1", "es"}.Needs(func(name string) string {
		return map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "r"}[name]
	})
	if err != nil || n.Endpoint.String() != "https://sts.cn-north-1.amazonaws.com.cn" || !n.Proxied || len(n.Files) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

// A service that does not answer holds nothing up for long, and is asked again.
func TestServiceAway(t *testing.T) {
	var asked []string
	environment(t, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": services(t, &asked)})
	s, err := New(Options{"r", "es"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, _ := http.NewRequest(http.MethodPost, "https://host/_bulk", nil)
	if err := s.Sign(ctx, r, nil); err == nil || transport.ClassOf(err) != transport.Passing || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Sign(context.Background(), r, nil); err != nil {
		t.Error(err)
	}
}

func FuzzReadProfile(f *testing.F) {
	f.Add("[default]\naws_access_key_id = AKIA\n", "default")
	f.Add("a=b\n[", "")
	f.Add("[x]\n=\n#=\n[x]", "x")
	f.Fuzz(func(t *testing.T, text, profile string) {
		for key := range readProfile(text, profile) {
			if strings.ContainsAny(key, "\n=") {
				t.Errorf("%q", key)
			}
		}
	})
}

func FuzzReadRole(f *testing.F) {
	f.Add([]byte("<A><Error><Code>x</Code></Error></A>"), 400)
	f.Add([]byte("<A><AssumeRoleWithWebIdentityResult><Credentials><Expiration>2026-03-01T12:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></A>"), 200)
	f.Fuzz(func(t *testing.T, text []byte, status int) {
		if c, err := readRole(status, text); err == nil && (c.AccessKeyID == "" || c.SecretAccessKey == "" || c.Expires.IsZero()) {
			t.Errorf("%+v", c)
		}
	})
}
