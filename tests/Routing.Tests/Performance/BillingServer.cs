using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Routing.Performance;
using Routing.Providers;

namespace Routing.Tests.Performance;

/// <summary>A provider's account on the loopback address: what it billed, as OpenRouter tells it.</summary>
sealed class BillingServer : IAsyncDisposable
{
    const string ManagementKey = "sk-management", PlainKey = "sk-plain";

    readonly WebApplication app;

    BillingServer(WebApplication app) => this.app = app;

    /// <summary>Days, what was spent, and what a caller's own key was charged besides.</summary>
    public List<(string Day, decimal Usd, decimal ByokUsd)> Activity { get; } = [];

    public decimal MeterUsd { get; set; }

    /// <summary>Sent instead of an answer; null: the answer.</summary>
    public (int Status, string Body)? Instead { get; set; }

    public ProviderMeter Meter(bool mayManage = true, string name = "openrouter") =>
        new(new Provider(name, ProviderKinds.OpenRouter, new Uri($"{app.Urls.First()}/api/v1/"), true, false, [], new Dictionary<string, string>(), 1), new ProviderKey(Guid.Empty, mayManage ? ManagementKey : PlainKey));

    public static async Task<BillingServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new BillingServer(app);
        app.MapGet("/api/v1/activity", (HttpRequest request) => server.Answer(request, mustManage: true, () => $$"""
            {"data":[{{string.Join(',', server.Activity.Select(a => FormattableString.Invariant($$"""{"date":"{{a.Day}}","model":"a/small","usage":{{a.Usd}},"byok_usage_inference":{{a.ByokUsd}},"requests":3}""")))}}]}
            """));
        app.MapGet("/api/v1/key", (HttpRequest request) => server.Answer(request, mustManage: false, () =>
            FormattableString.Invariant($$$"""{"data":{"label":"sk-…","usage":{{{server.MeterUsd}}},"byok_usage":0,"limit":null}}""")));
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    IResult Answer(HttpRequest request, bool mustManage, Func<string> body)
    {
        if (Instead is { } instead) return Results.Text(instead.Body, "application/json", statusCode: instead.Status);
        var key = request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        if (key != ManagementKey && (mustManage || key != PlainKey)) return Results.Json(new { error = new { code = 401, message = "no" } }, statusCode: mustManage ? 403 : 401);
        return Results.Text(body(), "application/json");
    }
}
