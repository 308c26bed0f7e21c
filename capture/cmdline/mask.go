package cmdline

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

const (
	maxArguments = 32
	maxArgument  = 256 // bytes
)

// masked replaces a secret.
const masked = "***"

// Read returns the arguments in the content of /proc/PID/cmdline, which are separated
// by NULs: at most 32 of at most 256 bytes, with secrets masked; nil for a kernel
// thread.
func Read(text []byte) []string { return mask(split(text)) }

func split(text []byte) (arguments []string) {
	text = bytes.TrimRight(text, "\x00")
	if len(text) == 0 {
		return nil
	}
	for argument := range bytes.SplitSeq(text, []byte{0}) {
		if len(arguments) == maxArguments {
			break
		}
		arguments = append(arguments, string(argument))
	}
	return arguments
}

// mask replaces what looks like a secret: values of options, variables, headers and
// JSON members with the names of secrets, passwords in URLs, the user and password
// that programs such as curl are given, and secret keys of AWS. It does not find every
// secret. Then it cuts each argument to maxArgument bytes.
func mask(arguments []string) []string {
	maskAnyProgram(arguments) // sudo, timeout or env may come before the program
	for i, a := range arguments {
		arguments[i] = a[:min(len(a), maxArgument)]
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

// isValue reports whether a word after a secret option is its value. Another option is
// not; nor is a word without a colon after -u, which takes no password in many
// programs.
func isValue(name, word string) bool {
	if name == "-u" {
		return strings.Contains(word, ":")
	}
	return !strings.HasPrefix(word, "-") || len(word) == 1
}

// maskOption masks a word. It returns the name of an option whose value is a secret
// and may be the next word, or "".
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
	case word == "--user" || word == "--proxy-user" || word == "--pass" || word == "-pass" || !strings.ContainsAny(word, "=: ") && isSecret(word):
		return word, word
	}
	return maskText(word), ""
}

// secretLetters are the one-letter options of programs that take a password, in the
// same word or the next.
var secretLetters = map[string]string{
	"curl": "uUE", "sshpass": "p", "redis-cli": "a", "ldapsearch": "w", "ldapmodify": "w",
}

// attachedLetters are those that take it in the same word only.
var attachedLetters = map[string]string{"mysql": "p", "mysqldump": "p", "mysqladmin": "p", "mariadb": "p"}

// curlFlags are curl's one-letter options without a value. Another option may follow
// in the same word.
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
	// inJSON is a member of an object: name, colon and value, which may be cut off.
	inJSON = regexp.MustCompile(`("[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,{}\[\]]+)`)
	// inURL is a URL's user and password.
	inURL = regexp.MustCompile(`(://[^/?#\s@:]*:)[^/?#\s]*@`)
	// asURL is a URL's user, without password, that is long enough for a token.
	asURL = regexp.MustCompile(`(://)[^/?#\s@:]{20,}@`)
	// inQuery is a parameter of a URL or form. Presigned URLs have secrets in them.
	inQuery = regexp.MustCompile(`([?&;][^=&#\s"']+=)[^&;#\s"']+`)
	// inHeader is the name of a header, also after curl's -H, in the quotation marks of a
	// shell in a shell.
	inHeader = regexp.MustCompile(`^(-H)?[\\"']*[A-Za-z0-9-]+:`)
)

// maskText masks the secrets in one word, or in a script.
func maskText(text string) string {
	text = inJSON.ReplaceAllStringFunc(text, func(m string) string { return maskMember(inJSON.FindStringSubmatch(m)[1], m) })
	if name := inHeader.FindString(text); name != "" && !strings.HasPrefix(text[len(name):], "//") && isSecret(name) {
		return name + " " + masked
	}
	if strings.ContainsAny(text, " \t\n") {
		return maskScript(text)
	}
	text = asURL.ReplaceAllString(inURL.ReplaceAllString(text, "${1}"+masked+"@"), "${1}"+masked+"@")
	text = inQuery.ReplaceAllStringFunc(text, func(m string) string { return maskMember(m[:strings.IndexByte(m, '=')+1], m) })
	if name, _, assigned := strings.Cut(text, "="); assigned && isSecret(name) && !strings.ContainsAny(name, "/?") {
		return name + "=" + masked
	}
	return maskKeys(text)
}

// maskMember masks a value if its name is that of a secret. all is name and value.
func maskMember(name, all string) string {
	if isSecret(name) || strings.Contains(strings.ToLower(name), "signature") {
		return name + masked
	}
	return all
}

// maskScript masks a text of several words, such as the script that a shell is given.
// From a secret with a quotation mark on, everything is masked. Where nothing is
// masked, white space stays as it is.
func maskScript(text string) string {
	words := strings.Fields(text)
	plain := strings.Join(words, " ")
	words = maskHeaders(words)
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		if assigned && isSecret(name) && strings.ContainsAny(value, `"'`) {
			words = append(words[:i], name+"="+masked)
			break
		}
	}
	if m := strings.Join(maskAnyProgram(words), " "); m != plain {
		return m
	}
	return text
}

// maskHeaders removes the values of headers in quotation marks, which may be several words:
// 'Authorization: Bearer xyz'. Where the quotation does not end, it removes everything
// behind the header's name.
func maskHeaders(words []string) (out []string) {
	for i := 0; i < len(words); i++ {
		name := inHeader.FindString(words[i])
		at := strings.IndexAny(name, `"'`)
		if at < 0 || !isSecret(name) || strings.HasPrefix(words[i][len(name):], "//") {
			out = append(out, words[i])
			continue
		}
		quote := name[at : at+1]
		for end := words[i][len(name):]; !strings.Contains(end, quote); end = words[i] {
			if i++; i == len(words) {
				return append(out, name)
			}
		}
		out = append(out, name)
	}
	return out
}

// maskAnyProgram masks the words of one command or of several. A command begins with each name
// of a program that has an option for passwords.
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

// secretWords are parts of the names of secrets.
var secretWords = []string{
	"passw", "passphrase", "passcode", "storepass", "keypass", "passin", "passout", "_pwd", "-pwd", ".pwd",
	"secret", "token", "bearer", "jwt", "cookie", "credential", "auth",
	"api-key", "apikey", "api_key", "access-key", "accesskey", "access_key", "private-key", "privatekey", "private_key",
}

// notSecret replaces words that contain one of secretWords and name no secret.
var notSecret = strings.NewReplacer("authorization", "auth", "authority", "", "author", "")

// isSecret reports whether a name is that of a secret.
func isSecret(name string) bool {
	name = notSecret.Replace(strings.ToLower(name))
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// keyLength is the length of AWS's secret keys.
const keyLength = 40

// maskKeys masks everything that has the form of AWS's secret keys: forty characters
// of base64, with digits and letters of both cases. Little else on a command line has
// that form.
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
