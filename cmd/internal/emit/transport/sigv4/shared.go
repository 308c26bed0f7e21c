package sigv4

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tlsfloor/cmd/internal/regular"
)

// shared are the access keys of a profile in the shared credentials file.
type shared struct{ file, profile string }

// findShared returns ok if the file has the profile. A profile that the environment names
// has to be there.
func findShared(env func(string) string) (p place, ok bool, err error) {
	s := shared{env("AWS_SHARED_CREDENTIALS_FILE"), env("AWS_PROFILE")}
	named := s.profile != ""
	if !named {
		s.profile = "default"
	}
	if s.file == "" {
		if env("HOME") == "" {
			return place{}, false, nil
		}
		s.file = filepath.Join(env("HOME"), ".aws", "credentials")
	}
	_, err = s.Retrieve(context.Background())
	if err != nil && !named && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoProfile)) {
		return place{}, false, nil
	}
	return place{files: []string{s.file}, provider: func(*http.Client) aws.CredentialsProvider { return s }}, true, err
}

var errNoProfile = errors.New("there is no such profile")

// maxShared bounds a shared credentials file, in bytes.
const maxShared = 1 << 20

// Retrieve implements aws.CredentialsProvider.
func (s shared) Retrieve(context.Context) (c aws.Credentials, err error) {
	text, err := regular.Read(s.file, maxShared)
	if err != nil {
		return c, wrong("%w", err)
	}
	values := readProfile(string(text), s.profile)
	if values == nil {
		return c, wrong("%s, %q: %w", s.file, s.profile, errNoProfile)
	}
	c = aws.Credentials{
		AccessKeyID: values["aws_access_key_id"], SecretAccessKey: values["aws_secret_access_key"], SessionToken: values["aws_session_token"],
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, wrong("%s, %q: the profile holds no access key, and roles, SSO and programs are not supported", s.file, s.profile)
	}
	return c, nil
}

// readProfile returns the values of a section, or nil without one. Keys are lower case.
func readProfile(text, profile string) (values map[string]string) {
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			if inside = strings.TrimSpace(name) == profile; inside && values == nil {
				values = map[string]string{}
			}
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && inside && line[0] != '#' && line[0] != ';' {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return values
}
