using System.Net;
using System.Net.Http.Json;
using Dapper;
using Engine.Access;
using Engine.Audit;
using Engine.Http;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Audit;

public sealed class AuditApiTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task Entries_are_paged_newest_first_under_their_filter_and_carry_their_position_once_chained()
    {
        foreach (var subject in new[] { "a", "b", "a", "a", "b" }) await RecordAsync($"paged:{subject}", actor: "pager");

        var all = await PagesAsync("actor=pager", limit: 2);
        Assert.Equal(["paged:b", "paged:a", "paged:a", "paged:b", "paged:a"], all.Select(e => e.Subject));
        Assert.Equal(3, (await PagesAsync("actor=pager&subject=paged:a", limit: 2)).Count);
        Assert.Empty(await PagesAsync("actor=pager&action=other", limit: 2));
        Assert.Equal(5, (await PagesAsync("actor=pager&subject=&action=test.do", limit: 200)).Count);
        await Eventually.TrueAsync(async () => (await PagesAsync("actor=pager", limit: 50)).All(e => e.Position > 0),
            TimeSpan.FromSeconds(10), "all entries are chained");
        var positions = (await PagesAsync("actor=pager", limit: 2)).Select(e => e.Position!.Value);
        Assert.Equal(positions.OrderDescending(), positions);
    }

    [Fact]
    public async Task What_is_done_over_the_API_is_found_with_who_and_where()
    {
        var token = await engine.TokenAsync(Roles.Reader);

        var entry = Assert.Single(await PagesAsync($"action=token.create&subject=token:{token.Split('_')[1]}", limit: 10));

        Assert.StartsWith("token:", entry.Actor, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", entry.Source);
        Assert.Equal("reader", entry.Details.GetProperty("role").GetString());
    }

    [Theory]
    [InlineData("page_token=nonsense", "page_token_invalid")]
    [InlineData("limit=0", "invalid_request")]
    [InlineData("limit=201", "invalid_request")]
    [InlineData("actor=%00", "invalid_request")]
    public async Task A_list_that_cannot_be_is_refused(string query, string code) =>
        Assert.Equal((400, code), Short(await (await engine.Admin.GetAsync($"/api/audit?{query}")).ProblemAsync()));

    [Fact]
    public async Task A_page_token_of_another_filter_is_refused()
    {
        foreach (var subject in new[] { "1", "2" }) await RecordAsync(subject, actor: "token-filter");
        var page = await PageAsync("actor=token-filter&limit=1");

        var other = await engine.Admin.GetAsync($"/api/audit?actor=somebody&limit=1&page_token={page.NextPageToken}");

        Assert.Equal((400, "page_token_mismatch"), Short(await other.ProblemAsync()));
    }

    [Theory]
    [InlineData("';%20drop%20table%20audit_log;%20--")]
    [InlineData("%25%27%22%5C%0A%F0%9F%98%82")]
    public async Task SQL_in_a_filter_matches_nothing(string text) =>
        Assert.Empty(await PagesAsync($"actor={text}&action={text}&subject={text}", limit: 1));

    [Fact]
    public async Task An_entry_nested_beyond_reading_is_listed_as_text()
    {
        await using (var owner = await engine.Database.Owner.OpenConnectionAsync())
            await owner.ExecuteAsync("""
                with entry as (
                    insert into audit_log (entry_id, recorded_at, actor, action, subject, details)
                    values (gen_random_uuid(), clock_timestamp(), 'deep', 'b', 'c', jsonb_build_object('d', (repeat('[', 1000) || repeat(']', 1000))::jsonb))
                    returning recorded_at, entry_id)
                insert into audit_unchained select * from entry
                """);

        var entry = Assert.Single(await PagesAsync("actor=deep", limit: 1));

        Assert.StartsWith("{\"d\": [[[[", entry.Details.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_head_can_be_noted_and_verified_against_later()
    {
        await RecordAsync("head", actor: "header");
        await Eventually.TrueAsync(async () => (await HeadAsync()).Position > 0, TimeSpan.FromSeconds(10), "the chain has a head");
        var head = await HeadAsync();

        var holds = await VerifyAsync(new { expected_head = new { position = head.Position, chain_hash = head.ChainHash } });
        var broken = await VerifyAsync(new { expected_head = new { position = head.Position + 1000, chain_hash = head.ChainHash } });

        Assert.Equal((true, 0), (holds.Intact, holds.ProblemCount));
        Assert.True(holds.Entries >= head.Position);
        Assert.False(broken.Intact);
        var problem = Assert.Single(broken.Problems);
        Assert.Equal((AuditProblemKind.Truncated, head.Position + 1000), (problem.Kind, problem.Position));
        Assert.True((await VerifyAsync(new { })).Intact);
    }

    [Theory]
    [InlineData("""{ "expected_head": { "position": 1, "chain_hash": "xyz" } }""")]
    [InlineData("""{ "expected_head": { "position": -1, "chain_hash": "0000000000000000000000000000000000000000000000000000000000000000" } }""")]
    [InlineData("""{ "expected_head": { "position": 0, "chain_hash": "1111111111111111111111111111111111111111111111111111111111111111" } }""")]
    [InlineData("""{ "expected_head": { "position": 1 } }""")]
    [InlineData("""{ "head": null }""")]
    public async Task An_expected_head_that_is_none_is_refused(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        Assert.Equal(400, (await (await engine.Admin.PostAsync("/api/audit/verify", content)).ProblemAsync()).Status);
    }

    [Fact]
    public async Task Readers_and_approvers_do_not_see_the_log()
    {
        foreach (var role in new[] { Roles.Reader, Roles.Approver })
        {
            using var client = engine.Client(await engine.TokenAsync(role));
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/audit")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/audit/head")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/api/audit/verify", new { })).StatusCode);
        }
        using var its = engine.Client(await engine.TokenAsync(Roles.Operator));
        Assert.Equal(HttpStatusCode.OK, (await its.GetAsync("/api/audit")).StatusCode);
    }

    async Task RecordAsync(string subject, string actor)
    {
        await using var connection = await engine.Database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await engine.Services.GetRequiredService<RecordAudit>().RunAsync(
            connection, transaction, AuditRig.Entry(subject) with { Actor = actor }, CancellationToken.None);
        await transaction.CommitAsync();
    }

    async Task<Page<AuditEntryResponse>> PageAsync(string query) =>
        (await engine.Admin.GetFromJsonAsync<Page<AuditEntryResponse>>($"/api/audit?{query}", EngineJson.Options))!;

    async Task<List<AuditEntryResponse>> PagesAsync(string query, int limit)
    {
        var page = await PageAsync($"{query}&limit={limit}");
        var all = page.Items.ToList();
        while (page.NextPageToken is { } next)
        {
            page = await PageAsync($"{query}&limit={limit}&page_token={next}");
            all.AddRange(page.Items);
        }
        return all;
    }

    async Task<AuditHead> HeadAsync() => (await engine.Admin.GetFromJsonAsync<AuditHead>("/api/audit/head", EngineJson.Options))!;

    async Task<AuditVerdictResponse> VerifyAsync(object request)
    {
        var response = await engine.Admin.PostAsync("/api/audit/verify", JsonContent.Create(request));
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<AuditVerdictResponse>(EngineJson.Options))!;
    }

    static (int, string) Short((int Status, string Code, string Detail) problem) => (problem.Status, problem.Code);
}
