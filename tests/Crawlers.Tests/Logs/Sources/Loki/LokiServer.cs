using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Crawlers.Tests.Logs.Sources.Loki;

/// <summary>A Loki on loopback, as far as <c>query_range</c> goes.</summary>
sealed class LokiServer : IAsyncDisposable
{
    readonly WebApplication app;
    readonly List<(long Nanoseconds, string Labels, string Line, string? Metadata)> entries = [];

    LokiServer(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.First());

    /// <summary>Of <c>max_entries_limit_per_query</c>.</summary>
    public int MostEntries { get; set; } = 5000;

    /// <summary>Takes the place of the next answers.</summary>
    public ConcurrentQueue<Func<HttpContext, Task>> Faults { get; } = [];

    public ConcurrentQueue<(IQueryCollection Query, IHeaderDictionary Headers)> Asked { get; } = [];

    public static async Task<LokiServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var server = new LokiServer(builder.Build());
        server.app.MapGet("/loki/api/v1/query_range", (RequestDelegate)server.AnswerAsync);
        await server.app.StartAsync();
        return server;
    }

    /// <param name="labels">Of the stream, as JSON.</param>
    /// <param name="metadata">Of the entry, as JSON.</param>
    public void Add(DateTimeOffset at, string line, string labels = """{"app":"shop"}""", string? metadata = null, long nanoseconds = 0) =>
        entries.Add(((at - DateTimeOffset.UnixEpoch).Ticks * 100 + nanoseconds, labels, line, metadata));

    public static Func<HttpContext, Task> Refusal(int status, string words, string? retryAfter = null) => http =>
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        return http.Response.WriteAsync(words);
    };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    async Task AnswerAsync(HttpContext http)
    {
        var query = http.Request.Query;
        Asked.Enqueue((query, new HeaderDictionary(http.Request.Headers.ToDictionary()))); // the server uses its own again
        if (Faults.TryDequeue(out var fault))
        {
            await fault(http);
            return;
        }
        var (from, to, limit) = (long.Parse(query["start"]!, CultureInfo.InvariantCulture), long.Parse(query["end"]!, CultureInfo.InvariantCulture), int.Parse(query["limit"]!, CultureInfo.InvariantCulture));
        Assert.Equal("forward", query["direction"]);
        if (limit > MostEntries)
        {
            await Refusal(400, $"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {MostEntries})")(http);
            return;
        }
        var isSorted = http.Request.Headers["X-Loki-Response-Encoding-Flags"] == "categorize-labels";
        var streams = entries.Where(e => e.Nanoseconds >= from && e.Nanoseconds < to).OrderBy(e => e.Nanoseconds).Take(limit).GroupBy(e => e.Labels)
            .Select(s => $$"""{"stream":{{s.Key}},"values":[{{string.Join(',', s.Select(Value))}}]}""");
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync($$$"""{"status":"success","data":{"resultType":"streams","result":[{{{string.Join(',', streams)}}}],"stats":{} }}""");

        string Value((long Nanoseconds, string Labels, string Line, string? Metadata) e) =>
            $"[\"{e.Nanoseconds}\",{JsonSerializer.Serialize(e.Line)}{(e.Metadata is not null && isSorted ? ",{\"structuredMetadata\":" + e.Metadata + "}" : "")}]";
    }
}
