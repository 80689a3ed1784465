-- wrk script: asks for each path of the file BENCH_PATHS in turn, and prints one line of JSON at the
-- end. All requests are made ready before the first is sent.

local requests = {}
local next_one = 0

function init(_)
    for path in io.lines(os.getenv("BENCH_PATHS")) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, '
            .. '"failed": %d}\n',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50),
        latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
