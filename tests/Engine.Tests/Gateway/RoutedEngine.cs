using Microsoft.Extensions.DependencyInjection;
using Routing.Catalog;
using Routing.Selection;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>A whole engine with a catalog of a few models.</summary>
public sealed class RoutedEngine : IAsyncLifetime
{
    public EngineServer Server { get; } = new();

    public HttpClient Admin => Server.Admin;

    public static IReadOnlyList<CatalogModel> Catalog { get; } =
    [
        Model("openai/gpt-4o-mini", 0.15m, 0.6m), Model("openai/gpt-4o", 2.5m, 10), Model("anthropic/claude-sonnet-4.5", 3, 15), Model("anthropic/claude-opus-4.1", 15, 75),
        Model("anthropic/claude-haiku-4.5", 1, 5),
    ];

    public Task InitializeAsync()
    {
        Server.Additions = services => services.AddSingleton(new SnapshotSources { Models = _ => Task.FromResult(Catalog) });
        return Server.InitializeAsync();
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    public Task<CommandLineRun> RunAsync(params string[] args) => CommandLineRun.OfAsync(
        new Dictionary<string, string> { ["ENGINE_URL"] = Server.Url.ToString(), ["ENGINE_TOKEN"] = Server.AdminToken, ["HOME"] = Server.DataFolder }, args);

    public async Task<IReadOnlyList<string>> AuditAsync(string subject)
    {
        var details = new List<string>();
        await using var command = Server.Database.Owner.CreateCommand("select action || ' ' || details::text from audit_log where subject = $1 order by recorded_at, entry_id");
        command.Parameters.AddWithValue(subject);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync()) details.Add(rows.GetString(0));
        return details;
    }

    /// <summary>When decisions go by what was just changed.</summary>
    public Task FollowAsync() => Server.Services.GetRequiredService<KeepSnapshot>().RunOnceAsync(CancellationToken.None);

    static CatalogModel Model(string slug, decimal inputUsdPerMillion, decimal outputUsdPerMillion) =>
        new("openrouter", slug, slug, 128_000, 16_000, new ModelPrice(inputUsdPerMillion / 1_000_000, outputUsdPerMillion / 1_000_000)) { Parameters = new HashSet<string> { "tools", "structured_outputs" } };
}
