package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tlsfloor/cmd/internal/emit/transport"
)

// Options say for what requests are signed.
type Options struct {
	Region  string
	Service string // es, or aoss for OpenSearch Serverless
}

// Signer signs requests. Any number of goroutines may use it.
type Signer struct {
	options Options
	cache   *aws.CredentialsCache
	signer  atomic.Pointer[v4.Signer]
	mask    *transport.Mask
}

// early is how long before their end credentials are replaced.
const early = 5 * time.Minute

// New returns a Signer with the credentials of the place that the environment names, if
// it can find one. It gives the secrets to the mask when it gets them.
func New(o Options, d *transport.Dialer, m *transport.Mask) (*Signer, error) {
	p, err := find(o, os.Getenv)
	if err != nil {
		return nil, err
	}
	s := &Signer{
		options: o, mask: m,
		cache: aws.NewCredentialsCache(p.provider(p.client(d)), func(c *aws.CredentialsCacheOptions) { c.ExpiryWindow = early }),
	}
	s.Forget()
	return s, nil
}

// Sign signs a request with this body. Its error has the class Misconfigured if there are
// no credentials because somebody has to change something.
func (s *Signer) Sign(ctx context.Context, r *http.Request, body []byte) error {
	c, err := s.cache.Retrieve(ctx)
	if err != nil {
		return failure(err)
	}
	s.mask.Add(c.SecretAccessKey)
	s.mask.Add(c.SessionToken)
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash) // OpenSearch Serverless demands it
	return s.signer.Load().SignHTTP(ctx, c, r, hash, s.options.Service, s.options.Region, time.Now())
}

// failure keeps the class, and unwraps what the library says about its own layers.
func failure(err error) error {
	var f *transport.Failure
	if errors.As(err, &f) {
		return &transport.Failure{Err: fmt.Errorf("no AWS credentials: %w", f.Err), Class: f.Class, After: f.After}
	}
	return fmt.Errorf("no AWS credentials: %w", err)
}

// Forget makes the next request look for credentials again. The library's signer keeps
// keys by the id of the credentials: it would go on with a secret that was mistyped.
func (s *Signer) Forget() {
	s.cache.Invalidate()
	s.signer.Store(v4.NewSigner())
}
