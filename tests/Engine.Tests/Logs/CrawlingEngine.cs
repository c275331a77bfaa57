using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Support;

namespace Engine.Tests.Logs;

/// <summary>A running engine that reads log files of the test's.</summary>
public sealed class CrawlingEngine : IAsyncLifetime
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly TempFolder folder = new();

    public EngineServer Server { get; } = new();

    public HttpClient Admin => Server.Admin;

    public Task InitializeAsync() => Server.InitializeAsync();

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        folder.Dispose();
    }

    public string Path(string file) => System.IO.Path.Combine(folder.Path, file);

    /// <summary>A line of now, or of so long from now.</summary>
    public static string Line(string text, double seconds = 0) => string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow().AddSeconds(seconds):yyyy-MM-dd HH:mm:ss.fff} {text}\n");

    public async Task AddFileAsync(string name, string file, string? service = null) =>
        (await PutAsync($"/api/logs/sources/{name}", new { kind = "files", settings = new { paths = new[] { Path(file) }, service } })).EnsureSuccessStatusCode();

    public Task<HttpResponseMessage> PutAsync(string path, object body) => Admin.PutAsJsonAsync(path, body);

    public Task<HttpResponseMessage> PostAsync(string path, object body) => Admin.PostAsJsonAsync(path, body);

    public async Task<JsonElement> GetAsync(string path) => await Admin.GetFromJsonAsync<JsonElement>(path);

    /// <summary>The errors of a service, by their titles.</summary>
    public async Task<Dictionary<string, JsonElement>> ErrorsAsync(string service) =>
        (await GetAsync($"/api/logs/errors?service={service}&limit=200")).GetProperty("items").EnumerateArray().ToDictionary(e => e.GetProperty("title").GetString()!);

    /// <summary>The one error of a service, once it is there.</summary>
    public async Task<JsonElement> ErrorAsync(string service, Func<JsonElement, bool> isRight, string what)
    {
        var found = default(JsonElement);
        await Eventually.TrueAsync(async () => (await ErrorsAsync(service)).Values.Where(isRight).Take(1).Select(e => (found = e).ValueKind == JsonValueKind.Object).SingleOrDefault(), Soon, what);
        return found;
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }
}
