using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Crawlers.Logs.Sources.Loki;

/// <summary>Asks Loki for one page of lines.</summary>
sealed class AskLoki : IDisposable
{
    const int MostAnswerBytes = 128 * 1024 * 1024, MostWords = 300;
    readonly LokiSettings settings;
    readonly TimeProvider time;
    readonly HttpClient http;

    public AskLoki(LokiSettings settings, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        // Names are looked up again from time to time.
        http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip, PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(settings.Url.AbsoluteUri.TrimEnd('/') + "/"), Timeout = settings.TimeLimit, MaxResponseContentBufferSize = MostAnswerBytes,
        };
        // Else what is known of single entries counts as labels of streams, and each entry is a stream by itself.
        http.DefaultRequestHeaders.Add("X-Loki-Response-Encoding-Flags", "categorize-labels");
        if (settings.Tenant is { } tenant) http.DefaultRequestHeaders.Add("X-Scope-OrgID", tenant);
        if (settings.Token is { } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        else if (settings.User is { } user) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{settings.Password}")));
    }

    /// <param name="from">In nanoseconds since 1970; included.</param>
    /// <param name="to">Not included.</param>
    public async Task<LokiAnswer> RunAsync(long from, long to, int limit, CancellationToken ct)
    {
        try
        {
            using var answer = await http.GetAsync($"loki/api/v1/query_range?query={Uri.EscapeDataString(settings.Query)}&start={from}&end={to}&limit={limit}&direction=forward", ct);
            var body = await answer.Content.ReadAsByteArrayAsync(ct);
            if (answer.IsSuccessStatusCode) return new LokiAnswer(LokiPage.Read(body), null);
            var words = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, MostWords))).Trim().ReplaceLineEndings(" ");
            var problem = $"{settings.Url} answers {(int)answer.StatusCode}{(words.Length > 0 ? $" ({words})" : "")}";
            return new LokiAnswer(null, $"{problem}; {Remedy(answer.StatusCode)}", RetryAfter(answer.Headers.RetryAfter), answer.StatusCode == HttpStatusCode.BadRequest && words.Contains("limit", StringComparison.OrdinalIgnoreCase));
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return new LokiAnswer(null, $"{settings.Url} answers with more than {MostAnswerBytes >> 20} MB; fewer entries are asked for.", IsAboveLimit: true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return new LokiAnswer(null, $"{settings.Url} cannot be reached: {(e is OperationCanceledException ? $"no answer within {settings.TimeLimit.TotalSeconds:0} s" : e.Message)}; it is tried again. Look whether Loki runs and can be reached from here.");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or OverflowException)
        {
            return new LokiAnswer(null, $"{settings.Url} answers what cannot be read: {e.Message} Look whether a Loki is behind that address, and whether the query asks for lines.");
        }
    }

    public void Dispose() => http.Dispose();

    TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);

    static string Remedy(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "give the source a token, or user and password, and its tenant.",
        HttpStatusCode.BadRequest => "put the query right.",
        HttpStatusCode.NotFound => "look whether the address is right: what is asked for is below it, at /loki/api/v1/query_range.",
        _ => "it is tried again.",
    };
}

/// <param name="Streams">Null when there was no answer that can be used; then <paramref name="Problem"/> says why.</param>
/// <param name="RetryAfter">What the server wants to be waited.</param>
/// <param name="IsAboveLimit">It refuses so many entries.</param>
sealed record LokiAnswer(List<LokiStream>? Streams, string? Problem, TimeSpan? RetryAfter = null, bool IsAboveLimit = false);
