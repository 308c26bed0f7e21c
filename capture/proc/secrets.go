package proc

import (
	"net/url"
	"regexp"
	"strings"
)

// masked stands for what must not be in a log that many read.
const masked = "***"

// secretWords in the name of an option say that its value is a secret.
var secretWords = []string{"password", "passwd", "passphrase", "secret", "token", "api-key", "apikey", "api_key", "credential", "access-key", "access_key", "private-key", "auth"}

// accessKey is the form of AWS's secret access keys, and of nothing else that
// is often seen on a command line: forty characters of base64 with digits and
// letters of both cases.
var accessKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)

// maskSecrets replaces the values of options that sound like secrets, passwords
// in URLs, what curl and wget are given as user and password, and AWS's secret
// keys. It is a courtesy to those who are careless, not a guarantee. Each
// argument is then cut to MaxArgument bytes.
func maskSecrets(arguments []string) []string {
	for i, next := 0, false; i < len(arguments); i++ {
		if next && !strings.HasPrefix(arguments[i], "-") {
			arguments[i], next = masked, false
			continue
		}
		arguments[i], next = mask(arguments[i])
		next = next && i > 0 // the program's own name is no option
		arguments[i] = bounded(arguments[i], MaxArgument)
	}
	return arguments
}

// mask returns an argument without its secrets; next says that the argument
// behind it is one.
func mask(argument string) (_ string, next bool) {
	name, value, assigned := strings.Cut(argument, "=")
	option := strings.HasPrefix(argument, "-")
	switch {
	case assigned && sounds(name) && !strings.ContainsAny(name, "/ "):
		return name + "=" + masked, false
	case option && !assigned && (argument == "-u" || argument == "-U" || argument == "--user" || argument == "--proxy-user" || sounds(name)):
		return argument, true
	case strings.Contains(argument, "://"):
		return maskURL(argument), false
	case isAccessKey(argument):
		return masked, false
	case assigned && isAccessKey(value):
		return name + "=" + masked, false
	case strings.HasPrefix(strings.ToLower(argument), "authorization:"):
		return argument[:len("authorization:")] + " " + masked, false
	}
	return argument, false
}

func sounds(name string) bool {
	name = strings.ToLower(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func isAccessKey(s string) bool {
	return accessKey.MatchString(s) && strings.ContainsAny(s, "0123456789") &&
		strings.ToLower(s) != s && strings.ToUpper(s) != s && !strings.HasPrefix(s, "/")
}

// maskURL masks the password of a URL, and the values of a query that sound
// like secrets: presigned URLs of S3 hold one.
func maskURL(argument string) string {
	u, err := url.Parse(argument)
	if err != nil {
		return masked
	}
	changed := false
	if _, has := u.User.Password(); has {
		u.User, changed = url.UserPassword(u.User.Username(), "xxxxx"), true
	}
	q := u.Query()
	for name := range q {
		if sounds(name) || strings.Contains(strings.ToLower(name), "signature") {
			q.Set(name, "xxxxx")
			changed = true
		}
	}
	if !changed {
		return argument
	}
	u.RawQuery = q.Encode()
	return strings.ReplaceAll(u.String(), "xxxxx", masked)
}
