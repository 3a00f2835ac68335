-- wrk: POST one body again and again; at the end, print what was measured as one line of JSON.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = os.getenv("BENCHMARK_BODY")

function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  local line = 'RESULT {"answers": %d, "bad": %d, "seconds": %f, "p50": %f, "p99": %f}\n'
  io.write(line:format(summary.requests, bad, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
