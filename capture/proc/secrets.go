package proc

import (
	"path"
	"regexp"
	"strings"
)

// masked stands for what must not be in a log that many read.
const masked = "***"

// maskSecrets replaces what looks like a secret: values of options, variables,
// headers and JSON whose names say so, passwords in URLs, what curl and its like
// are given as user and password, and AWS's secret keys. It is a courtesy to
// those who are careless, not a guarantee. Each argument is then cut to
// MaxArgument bytes.
func maskSecrets(arguments []string) []string {
	maskWords(arguments)
	for i, a := range arguments {
		arguments[i] = bounded(a, MaxArgument)
	}
	return arguments
}

// maskWords masks the words of one command.
func maskWords(words []string) {
	if len(words) == 0 {
		return
	}
	program := path.Base(words[0])
	words[0] = maskText(words[0])
	for i, name := 1, ""; i < len(words); i++ {
		switch word := words[i]; {
		case name != "" && isValue(name, word):
			words[i], name = masked, ""
		default:
			words[i], name = maskOption(program, word)
		}
	}
}

// isValue reports whether a word behind a secret option is its value: a second
// option is not; and -u is that of many programs, which take no password there.
func isValue(name, word string) bool {
	if name == "-u" {
		return strings.Contains(word, ":")
	}
	return !strings.HasPrefix(word, "-") || len(word) == 1
}

// maskOption masks a word; name is not empty when the next one is a secret, too.
func maskOption(program, word string) (_, name string) {
	if !strings.HasPrefix(word, "-") || strings.ContainsAny(word, " =") && strings.HasPrefix(word, "--") {
		return maskText(word), ""
	}
	if at, own := secretLetter(program, word); own {
		if rest := word[at+1:]; rest != "" {
			return word[:at+1] + masked, ""
		}
		return word, program
	}
	switch {
	case word == "-u":
		return word, word
	case word == "--user" || word == "--proxy-user" || word == "--pass" || !strings.ContainsAny(word, "=: ") && sounds(word):
		return word, word
	}
	return maskText(word), ""
}

// secretLetters are the one-letter options of programs that take a password.
var secretLetters = map[string]string{
	"curl": "uUE", "sshpass": "p", "redis-cli": "a", "ldapsearch": "w", "ldapmodify": "w",
}

// attachedLetters take theirs without a space only.
var attachedLetters = map[string]string{"mysql": "p", "mysqldump": "p", "mysqladmin": "p", "mariadb": "p"}

// curlFlags are curl's one-letter options that have no value: another letter
// may follow them.
const curlFlags = "0123456afgGijklLMnNOpqRsSvVZ#:"

// secretLetter finds the letter of a secret option in a word like "-sku".
func secretLetter(program, word string) (at int, ok bool) {
	if len(word) < 2 || word[1] == '-' {
		return 0, false
	}
	at = 1
	for program == "curl" && at < len(word)-1 && strings.IndexByte(curlFlags, word[at]) >= 0 {
		at++
	}
	if strings.IndexByte(attachedLetters[program], word[at]) >= 0 {
		return at, at+1 < len(word)
	}
	return at, strings.IndexByte(secretLetters[program], word[at]) >= 0
}

var (
	// inJSON is a member of an object: name, colon and value. The value may have
	// lost its end.
	inJSON = regexp.MustCompile(`("[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,{}\[\]]+)`)
	// inURL is a URL's user and password.
	inURL = regexp.MustCompile(`(://[^/?#\s@:]*:)[^/?#\s]*@`)
	// asURL is a URL's user that is long enough to be a token.
	asURL = regexp.MustCompile(`(://)[^/?#\s@:]{20,}@`)
	// inQuery is a parameter of a URL or form; presigned URLs hold secrets.
	inQuery = regexp.MustCompile(`([?&;][^=&#\s"']+=)[^&;#\s"']+`)
	// inHeader is the beginning of a header, or what curl is given as one.
	inHeader = regexp.MustCompile(`^(-H)?["']?[A-Za-z0-9-]+:`)
)

// maskText masks the secrets within a word or a script.
func maskText(text string) string {
	text = inJSON.ReplaceAllStringFunc(text, func(m string) string { return maskMember(inJSON.FindStringSubmatch(m)[1], m) })
	if name := inHeader.FindString(text); name != "" && !strings.HasPrefix(text[len(name):], "//") && sounds(name) {
		return name + " " + masked
	}
	if strings.ContainsAny(text, " \t\n") {
		return maskScript(text)
	}
	text = asURL.ReplaceAllString(inURL.ReplaceAllString(text, "${1}"+masked+"@"), "${1}"+masked+"@")
	text = inQuery.ReplaceAllStringFunc(text, func(m string) string { return maskMember(m[:strings.IndexByte(m, '=')+1], m) })
	if name, _, assigned := strings.Cut(text, "="); assigned && sounds(name) && !strings.ContainsAny(name, "/?") {
		return name + "=" + masked
	}
	return maskKeys(text)
}

// maskMember masks a value behind its name, if that sounds like a secret.
func maskMember(name, all string) string {
	if sounds(name) || strings.Contains(strings.ToLower(name), "signature") {
		return name + masked
	}
	return all
}

// maskScript masks a text of several words, as shells are given. A secret whose
// quotation begins takes the rest of the text with it. Spaces are kept where
// nothing is masked.
func maskScript(text string) string {
	words := strings.Fields(text)
	plain := strings.Join(words, " ")
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		if assigned && sounds(name) && strings.ContainsAny(value, `"'`) {
			words = append(words[:i], name+"="+masked)
			break
		}
	}
	if m := strings.Join(maskAnyProgram(words), " "); m != plain {
		return m
	}
	return text
}

// maskAnyProgram masks words of which any may be the program's: from each
// "curl" and its like on, they are its options.
func maskAnyProgram(words []string) []string {
	from := 0
	for i, word := range words {
		if name := path.Base(word); i > from && (secretLetters[name] != "" || attachedLetters[name] != "") {
			maskWords(words[from:i])
			from = i
		}
	}
	maskWords(words[from:])
	return words
}

// secretWords in a name say that the value is a secret.
var secretWords = []string{
	"passw", "passphrase", "passcode", "storepass", "keypass", "passin", "passout", "_pwd", "-pwd", ".pwd",
	"secret", "token", "bearer", "jwt", "cookie", "credential", "auth",
	"api-key", "apikey", "api_key", "access-key", "accesskey", "access_key", "private-key", "privatekey", "private_key",
}

// notSecret are words of which a part sounds like one.
var notSecret = strings.NewReplacer("authorization", "auth", "authority", "", "author", "")

func sounds(name string) bool {
	name = notSecret.Replace(strings.ToLower(name))
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// keyLength is that of AWS's secret keys.
const keyLength = 40

// maskKeys masks what has the form of AWS's secret keys, and of nothing else
// that is often seen on a command line: forty characters of base64 with digits
// and letters of both cases.
func maskKeys(text string) string {
	var b strings.Builder
	for from := 0; from < len(text); {
		end := from
		for end < len(text) && inKey(text[end]) {
			end++
		}
		if isKey(text[from:end]) {
			b.WriteString(masked)
		} else {
			b.WriteString(text[from:end])
		}
		if end < len(text) {
			b.WriteByte(text[end])
		}
		from = end + 1
	}
	return b.String()
}

func inKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+'
}

func isKey(s string) bool {
	return len(s) == keyLength && strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s && s[0] != '/'
}
