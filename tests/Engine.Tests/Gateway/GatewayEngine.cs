using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Engine.Gateway;
using Engine.Http;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>A whole engine, and a provider on loopback that it can be pointed to; for all tests of a class.</summary>
public sealed class GatewayEngine : IAsyncLifetime
{
    public const string Key = "sk-or-v1-0123456789abcdef";

    public EngineServer Server { get; } = new();

    public ProviderServer Provider { get; } = new();

    public HttpClient Admin => Server.Admin;

    public async Task InitializeAsync()
    {
        Server.Environment["ENGINE__WORKERS__SLOTS"] = "0";
        await Provider.InitializeAsync();
        await Server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Provider.DisposeAsync();
    }

    /// <summary>Makes a provider of that name that lists these models, and syncs it.</summary>
    public async Task AddAsync(string name, params string[] models)
    {
        Provider.Models = ProviderServer.List(models);
        (await PutAsync($"/api/providers/{name}", $$"""{"kind":"emulator","base_url":"{{Provider.BaseUrl}}"}""")).EnsureSuccessStatusCode();
        var synced = await ReadAsync<SyncedModelsResponse>(await PostAsync("/api/models/sync", $$"""{"provider":"{{name}}"}"""));
        Assert.Equal("synced", Assert.Single(synced.Providers).Outcome);
    }

    public Task<HttpResponseMessage> PutAsync(string path, string body, string? etag = null, HttpClient? client = null) => SendAsync(HttpMethod.Put, path, body, etag, client);

    public Task<HttpResponseMessage> PostAsync(string path, string? body = null, HttpClient? client = null) => SendAsync(HttpMethod.Post, path, body, null, client);

    async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, string? etag, HttpClient? client)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-Match", etag);
        return await (client ?? Admin).SendAsync(request);
    }

    public async Task<T> GetAsync<T>(string path) => await ReadAsync<T>(await Admin.GetAsync(path));

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return (await response.Content.ReadFromJsonAsync<T>(EngineJson.Options))!;
    }

    public async Task<IReadOnlyList<(string Action, JsonElement Details)>> AuditAsync(string subject)
    {
        await using var connection = await Server.Database.Owner.OpenConnectionAsync();
        return [.. (await connection.QueryAsync<(string Action, string Details)>("select action, details::text from audit_log where subject = @subject order by recorded_at, entry_id", new { subject }))
            .Select(e => (e.Action, JsonElement.Parse(e.Details)))];
    }

    /// <summary>A command line that speaks as admin to this engine.</summary>
    /// <param name="more">Further variables.</param>
    public Task<CommandLineRun> RunAsync(IReadOnlyDictionary<string, string>? more, params string[] args)
    {
        var environment = new Dictionary<string, string> { ["ENGINE_URL"] = $"{Server.Url}", ["ENGINE_TOKEN"] = Server.AdminToken, ["ENGINE_DATA"] = Server.DataFolder };
        foreach (var (name, value) in more ?? new Dictionary<string, string>()) environment[name] = value;
        return CommandLineRun.OfAsync(environment, args);
    }
}
