// Package sigv4 signs requests as Amazon OpenSearch asks for it (Signature Version 4). It
// looks for credentials where AWS's SDKs do: in the environment, at AWS STS with a web
// identity, in the shared credentials file, and at the metadata services of containers and
// instances. What those SDKs also do (other roles, SSO, programs that print credentials)
// is left out: it would add a quarter to the program, and the sandbox forbids most of it.
package sigv4
