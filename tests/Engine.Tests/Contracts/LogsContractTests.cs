using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Support;

namespace Engine.Tests.Contracts;

/// <summary>What programs rely on of the log crawler.</summary>
public sealed class LogsContractTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task Errors_sources_and_rules_are_as_approved()
    {
        const string Lines = """
            2026-03-01 09:00:00 INFO [main] shop.Orders - order 16 came
            2026-03-01 09:00:01 ERROR [main] shop.Orders - order 17 of ann@example.com was lost
            java.lang.IllegalStateException: no stock
            	at shop.Stock.take(Stock.java:41)
            	at shop.Orders.take(Orders.java:17)
            """;
        var crawled = await engine.Admin.PostAsync("/api/logs/crawl?service=shop&release=1.4", new StringContent(Lines, Encoding.UTF8, "text/plain"));
        var fingerprint = (await engine.Admin.GetFromJsonAsync<JsonElement>("/api/logs/errors")).GetProperty("items")[0].GetProperty("fingerprint").GetString();
        await Eventually.TrueAsync(async () => (await engine.Admin.GetFromJsonAsync<JsonElement>($"/api/logs/errors/{fingerprint}")).GetProperty("triage").ValueKind == JsonValueKind.Object, TimeSpan.FromSeconds(20), "it is triaged");

        await Approved.MatchesAsync("logs-crawled.json", await crawled.Content.ReadAsStringAsync());
        await Approved.MatchesAsync("log-errors.json", await engine.Admin.GetStringAsync("/api/logs/errors"));
        await Approved.MatchesAsync("log-error.json", await engine.Admin.GetStringAsync($"/api/logs/errors/{fingerprint}"));
        await Approved.MatchesAsync("log-occurrences.json", await engine.Admin.GetStringAsync($"/api/logs/errors/{fingerprint}/occurrences?span=day"));
        await Approved.MatchesAsync("log-rules.json", await engine.Admin.GetStringAsync("/api/logs/rules"));
        await Approved.MatchesAsync("log-source.json", await PutAsync("/api/logs/sources/shop", """{"kind":"files","settings":{"paths":["/var/log/shop/*.log"],"service":"shop","zone":"+02:00"},"enabled":false}"""));
        await PutAsync("/api/logs/repositories", $$"""{"path":"{{engine.DataFolder}}","service":"shop","mappings":[{"from":"/app/","to":"src/"}]}""");
        await Approved.MatchesAsync("log-repositories.json", (await engine.Admin.GetStringAsync("/api/logs/repositories")).Replace(engine.DataFolder, "/srv/git/shop", StringComparison.Ordinal));
    }

    async Task<string> PutAsync(string path, string body) =>
        await (await engine.Admin.PutAsync(path, new StringContent(body, Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode().Content.ReadAsStringAsync();
}
