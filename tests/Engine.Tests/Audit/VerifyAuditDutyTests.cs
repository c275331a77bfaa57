using System.Net.Http.Json;
using Engine.Access;
using Engine.Audit;
using Engine.Http;
using Engine.Schedules;
using Engine.Tests.Schedules;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Audit;

public sealed class VerifyAuditDutyTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task The_nightly_look_at_the_audit_log_names_what_was_tampered_with()
    {
        await engine.TokenAsync(Roles.Reader);
        await engine.Services.GetRequiredService<ChainAudit>().RunOnceAsync(CancellationToken.None);

        var before = await RunAsync();
        await engine.Database.ExecuteAsync("""
            set session_replication_role = replica;
            update audit_log set actor = 'nobody' where action = 'token.create';
            set session_replication_role = origin;
            """);
        var after = await RunAsync();

        Assert.Equal("succeeded", before.Outcome);
        Assert.Contains("entries are intact", before.Detail, StringComparison.Ordinal);
        Assert.Equal("failed", after.Outcome);
        Assert.Matches("^The audit log is not intact, [1-9][0-9]* problems?: Entry ", after.Detail);
    }

    async Task<FireRow> RunAsync()
    {
        var response = await engine.Admin.PostAsync("/api/schedules/verify_audit/run", null);
        var requested = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<RequestedFire>(EngineJson.Options))!;
        FireRow? fire = null;
        await Eventually.TrueAsync(async () =>
        {
            var page = await engine.Admin.GetFromJsonAsync<Page<FireRow>>("/api/schedules/verify_audit/fires", EngineJson.Options);
            fire = page!.Items.Single(f => f.FireId == requested.FireId);
            return fire.Outcome is not null;
        }, TimeSpan.FromSeconds(10), "the fire has run");
        return fire!;
    }
}
