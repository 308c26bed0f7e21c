package standin

import (
	"net/http/httptest"
	"testing"
)

// AWS's example of the simplest request (get-vanilla).
func TestCheckSignature(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	r := httptest.NewRequest("GET", "https://example.amazonaws.com/", nil)
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "+
		"SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
	if err := CheckSignature(r, nil, secret); err != nil {
		t.Error(err)
	}
	for _, err := range []error{CheckSignature(r, []byte("x"), secret), CheckSignature(r, nil, secret+"x")} {
		if err == nil {
			t.Error("a wrong signature is right")
		}
	}
}
