package metrics

import (
	"testing"

	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/ship"
)

func TestAppendShipped(t *testing.T) {
	got := string(appendShipped(nil, []ship.Output{
		{Name: "stdout", Counts: deliver.Counts{Sent: 1, Refused: 2, Retries: 3}, Lost: 4},
		{Name: "file:/a\\\"\n", Failure: "connection refused"},
	}))
	want := `# HELP tlsfloor_shipped_total Events that the far end has, by output.
# TYPE tlsfloor_shipped_total counter
tlsfloor_shipped_total{output="stdout"} 1
tlsfloor_shipped_total{output="file:/a\\\"\n"} 0
# HELP tlsfloor_refused_total Events that the far end will never take, by output.
# TYPE tlsfloor_refused_total counter
tlsfloor_refused_total{output="stdout"} 2
tlsfloor_refused_total{output="file:/a\\\"\n"} 0
# HELP tlsfloor_lost_total Events that were damaged or removed before they were read, by output.
# TYPE tlsfloor_lost_total counter
tlsfloor_lost_total{output="stdout"} 4
tlsfloor_lost_total{output="file:/a\\\"\n"} 0
# HELP tlsfloor_retries_total Deliveries that failed, and are tried again, by output.
# TYPE tlsfloor_retries_total counter
tlsfloor_retries_total{output="stdout"} 3
tlsfloor_retries_total{output="file:/a\\\"\n"} 0
# HELP tlsfloor_failing 1 if the last delivery failed, by output.
# TYPE tlsfloor_failing gauge
tlsfloor_failing{output="stdout"} 0
tlsfloor_failing{output="file:/a\\\"\n"} 1
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
