using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Support;

/// <summary>A provider on loopback that lists models and knows keys, or misbehaves as a test wants it to.</summary>
public sealed class ProviderServer : IAsyncLifetime
{
    WebApplication? app;

    /// <summary>What is asked for below it: <c>/v1/models</c>, <c>/v1/key</c>.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>The body of <c>/models</c>.</summary>
    public string Models { get; set; } = """{"data":[]}""";

    /// <summary>Takes the place of any answer, where it is set.</summary>
    public Func<HttpContext, Task>? Fault { get; set; }

    /// <summary>Keys that are taken; null: any, and none.</summary>
    public HashSet<string>? Keys { get; set; }

    public ConcurrentQueue<(string Path, string Authorization, string Title)> Asked { get; } = [];

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        BaseUrl = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/v1");
    }

    public async Task DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
    }

    /// <summary>One model as OpenRouter lists it.</summary>
    /// <param name="more">Further members, as <c>,"created":1</c>.</param>
    public static string Model(string id, string prompt = "0.00000015", string completion = "0.0000006", long context = 128_000, string more = "") => $$"""
        {"id":"{{id}}","canonical_slug":"{{id}}-2024","name":"{{id}} by name","created":1721260800,"context_length":{{context}},
        "architecture":{"input_modalities":["text","image"],"output_modalities":["text"]},"pricing":{"prompt":"{{prompt}}","completion":"{{completion}}"},
        "top_provider":{"context_length":{{context}},"max_completion_tokens":16384},"supported_parameters":["tools","temperature"]{{more}}}
        """;

    public static string List(params string[] models) => $$"""{"data":[{{string.Join(',', models)}}]}""";

    async Task AnswerAsync(HttpContext http)
    {
        var authorization = http.Request.Headers.Authorization.ToString();
        Asked.Enqueue((http.Request.Path, authorization, http.Request.Headers["X-Title"].ToString()));
        if (Fault is { } fault) await fault(http);
        else if (Keys is { } keys && !keys.Contains(authorization.Replace("Bearer ", "", StringComparison.Ordinal)))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await WriteAsync(http, $$$"""{"error":{"code":401,"message":"No auth credentials found for {{{authorization}}}"}}""");
        }
        else if (http.Request.Path == "/v1/models") await WriteAsync(http, Models);
        else if (http.Request.Path == "/v1/key") await WriteAsync(http, """{"data":{"label":"sk-or-v1-abc...789","limit":20,"limit_remaining":12.5,"usage":7.5,"is_free_tier":false}}""");
        else http.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    public static Task WriteAsync(HttpContext http, string json, string type = "application/json")
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(json, Encoding.UTF8);
    }
}
