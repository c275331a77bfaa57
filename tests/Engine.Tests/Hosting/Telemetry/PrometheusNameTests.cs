using Engine.Hosting.Telemetry;

namespace Engine.Tests.Hosting.Telemetry;

public class PrometheusNameTests
{
    [Theory]
    [InlineData("http.server.request.duration", "s", PrometheusKind.Histogram, "http_server_request_duration_seconds")]
    [InlineData("dotnet.gc.collections", "{collection}", PrometheusKind.Counter, "dotnet_gc_collections_total")]
    [InlineData("dotnet.process.cpu.time", "s", PrometheusKind.Counter, "dotnet_process_cpu_time_seconds_total")]
    [InlineData("dotnet.process.memory.working_set", "By", PrometheusKind.Gauge, "dotnet_process_memory_working_set_bytes")]
    [InlineData("dotnet.thread_pool.thread.count", "{thread}", PrometheusKind.Gauge, "dotnet_thread_pool_threads")]
    [InlineData("dotnet.assembly.count", "{assembly}", PrometheusKind.Gauge, "dotnet_assemblies")]
    [InlineData("dotnet.thread_pool.work_item.count", "{work_item}", PrometheusKind.Counter, "dotnet_thread_pool_work_item_count_total")]
    [InlineData("requests.total", null, PrometheusKind.Counter, "requests_total")]
    [InlineData("bytes.seen_total", "By", PrometheusKind.Counter, "bytes_seen_bytes_total")]
    [InlineData("budget.total", null, PrometheusKind.Gauge, "budget_total_value")]
    [InlineData("cache.hit", "1", PrometheusKind.Gauge, "cache_hit_ratio")]
    [InlineData("tries", "1", PrometheusKind.Counter, "tries_total")]
    [InlineData("speed", "By/s", PrometheusKind.Gauge, "speed_bytes_per_second")]
    [InlineData("wait_seconds", "s", PrometheusKind.Gauge, "wait_seconds")]
    [InlineData("odd", "furlong²", PrometheusKind.Gauge, "odd_furlong")]
    [InlineData("a-b//c  d..é:e", "", PrometheusKind.Gauge, "a_b_c_d_e")]
    [InlineData("2fast", null, PrometheusKind.Gauge, "_2fast")]
    public void An_instrument_is_called_as_Prometheus_wants(string instrument, string? unit, PrometheusKind kind, string expected)
    {
        Assert.Equal(expected, PrometheusName.Of(instrument, unit, kind));
    }

    [Theory]
    [InlineData("http.request.method", "http_request_method")]
    [InlineData("1st", "key_1st")]
    [InlineData("le", "tag_le")]
    [InlineData("__name__", "_name_")]
    [InlineData("", "_")]
    [InlineData("a\"}\n", "a_")]
    public void A_label_is_called_as_Prometheus_wants(string tag, string expected)
    {
        Assert.Equal(expected, PrometheusName.OfLabel(tag));
    }
}
