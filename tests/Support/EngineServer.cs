using System.Collections;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Engine.Access;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Engine.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Support;

/// <summary>A whole engine in this process, on a free port and a database of its own.</summary>
public sealed class EngineServer : IAsyncLifetime
{
    readonly TempFolder data = new();
    EngineHost? host;

    public TestDatabase Database { get; } = new();

    /// <summary>What a test sets before <see cref="StartAsync"/>, on top of what makes it run here.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>What the engine registers besides its own slices, such as kinds of tasks; set before <see cref="StartAsync"/>.</summary>
    public Action<IServiceCollection>? Additions { get; set; }

    public string DataFolder => data.Path;

    public Uri Url { get; private set; } = null!;

    public string AdminToken { get; private set; } = "";

    /// <summary>Speaks as admin.</summary>
    public HttpClient Admin { get; private set; } = null!;

    /// <summary>Speaks without a token.</summary>
    public HttpClient Anonymous { get; private set; } = null!;

    public IServiceProvider Services => host!.App.Services;

    public async Task InitializeAsync()
    {
        await Database.InitializeAsync();
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var environment = new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = data.Path,
            ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = Database.EngineConnectionString,
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = Database.OwnerConnectionString,
            ["ENGINE__DATABASE__STARTTIMEOUT"] = "00:00:00",
            ["ENGINE__ROUTING__EMULATE"] = "false", // a test says which providers there are
            ["ENGINE__ACCESS__REQUESTSPERSECONDPERADDRESS"] = "100000",
            ["ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN"] = "100000",
        };
        foreach (var (name, value) in Environment) environment[name] = value;
        host = await EngineHost.StartAsync(EngineSettings.Load(null, (IDictionary)environment), Additions, CancellationToken.None);
        Url = host.Addresses[0];
        AdminToken = (await File.ReadAllTextAsync(FirstToken.PathIn(data.Path))).Trim();
        Admin = Client(AdminToken);
        Anonymous = Client(null);
        await Eventually.TrueAsync(async () => (await Anonymous.GetAsync("/health/ready")).IsSuccessStatusCode, TimeSpan.FromSeconds(20), "the engine is ready");
    }

    public HttpClient Client(string? token)
    {
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>Makes a token of that role over the API.</summary>
    public async Task<string> TokenAsync(string role)
    {
        var response = await Admin.PostAsJsonAsync("/api/tokens", new CreateTokenRequest($"test {role}", role), EngineJson.Options);
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<CreatedTokenResponse>(EngineJson.Options))!.Token!;
    }

    public async Task StopAsync()
    {
        if (host is not null) await host.DisposeAsync();
        host = null;
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        Admin?.Dispose();
        Anonymous?.Dispose();
        await Database.DisposeAsync();
        data.Dispose();
    }
}

public static class ProblemOfResponse
{
    /// <summary>Status and stable code of a refusal; fails when the answer is not problem+json.</summary>
    public static async Task<(int Status, string Code, string Detail)> ProblemAsync(this HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
        return ((int)response.StatusCode, problem.GetProperty("code").GetString()!, problem.GetProperty("detail").GetString()!);
    }
}
