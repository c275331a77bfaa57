using System.Net;
using System.Net.Http.Json;
using System.Text;
using Dapper;
using Engine.Access;
using Engine.Http;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Access;

public sealed class TokensApiTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task A_token_is_shown_once_and_stored_only_as_a_hash()
    {
        var created = await CreateAsync(new CreateTokenRequest("ci", Roles.Operator));

        Assert.StartsWith($"ae_{created.Prefix}_", created.Token, StringComparison.Ordinal);
        Assert.DoesNotContain(created.Token![12..], await engine.Admin.GetStringAsync("/api/tokens"), StringComparison.Ordinal);
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        var stored = await connection.QuerySingleAsync<byte[]>(
            "select secret_sha256 from api_tokens where token_id = @TokenId", new { created.TokenId });
        Assert.Equal(ApiToken.Parse(created.Token)!.Sha256(), stored);
    }

    [Fact]
    public async Task A_revoked_token_stops_working_at_once_and_is_told_so()
    {
        var created = await CreateAsync(new CreateTokenRequest("short", Roles.Admin));
        using var client = engine.Client(created.Token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/status")).StatusCode);

        Assert.Equal(HttpStatusCode.NoContent, (await engine.Admin.DeleteAsync($"/api/tokens/{created.TokenId}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await engine.Admin.DeleteAsync($"/api/tokens/{created.TokenId}")).StatusCode);

        Assert.Equal("token_revoked", (await (await client.GetAsync("/api/status")).ProblemAsync()).Code);
    }

    [Fact]
    public async Task An_expired_token_is_refused_and_told_so()
    {
        var created = await CreateAsync(new CreateTokenRequest("old", Roles.Reader));
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "update api_tokens set created_at = created_at - interval '2 days', expires_at = created_at - interval '1 day' where token_id = @TokenId",
            new { created.TokenId });

        using var client = engine.Client(created.Token);

        Assert.Equal("token_expired", (await (await client.GetAsync("/api/status")).ProblemAsync()).Code);
    }

    [Theory]
    [InlineData(null, "token_missing")]
    [InlineData("Bearer ", "token_invalid")]
    [InlineData("Bearer nonsense", "token_invalid")]
    [InlineData("Basic YWRtaW46YWRtaW4=", "token_invalid")]
    [InlineData("Bearer ae_aaaaaaaa_0000000000000000000000000000000000000000000", "token_invalid")]
    [InlineData("Bearer ae_aaaaaaaa_' or 1=1; drop table api_tokens; --00000000", "token_invalid")]
    public async Task What_is_no_good_token_is_told_what_is_wrong(string? header, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);

        var response = await engine.Anonymous.SendAsync(request);

        Assert.Equal((401, code), (await response.ProblemAsync()) is var (status, got, _) ? (status, got) : default);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task A_known_prefix_with_another_secret_is_not_let_in()
    {
        var created = await CreateAsync(new CreateTokenRequest("victim", Roles.Admin));
        using var client = engine.Client($"ae_{created.Prefix}_{ApiToken.Create().Secret}");

        Assert.Equal("token_invalid", (await (await client.GetAsync("/api/status")).ProblemAsync()).Code);
    }

    [Theory]
    [InlineData(Roles.Reader, "/api/status", HttpStatusCode.OK)]
    [InlineData(Roles.Approver, "/api/status", HttpStatusCode.OK)]
    [InlineData(Roles.Operator, "/api/status", HttpStatusCode.OK)]
    [InlineData(Roles.Reader, "/api/tokens", HttpStatusCode.Forbidden)]
    [InlineData(Roles.Approver, "/api/tokens", HttpStatusCode.Forbidden)]
    [InlineData(Roles.Operator, "/api/tokens", HttpStatusCode.Forbidden)]
    [InlineData(Roles.Admin, "/api/tokens", HttpStatusCode.OK)]
    public async Task A_role_reaches_what_it_may_and_no_more(string role, string path, HttpStatusCode expected)
    {
        using var client = engine.Client(await engine.TokenAsync(role));

        var response = await client.GetAsync(path);

        Assert.Equal(expected, response.StatusCode);
        if (expected == HttpStatusCode.Forbidden)
            Assert.Contains($"has {role}", (await response.ProblemAsync()).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"","role":"reader"}""", "invalid_request", "1 to 100")]
    [InlineData("""{"name":"x","role":"king"}""", "invalid_request", "king")]
    [InlineData("""{"name":"x","role":"reader","expires_at":"2020-01-01T00:00:00Z"}""", "invalid_request", "future")]
    [InlineData("""{"name":"x","role":"reader","tenant":"a\u0000b"}""", "invalid_request", "control")]
    [InlineData("""{"name":"x","role":"admin","tenant":"a"}""", "invalid_request", "sees all tenants")]
    [InlineData("""{"name":"x"}""", "invalid_request", "Missing: role.")]
    [InlineData("""{}""", "invalid_request", "Missing: name, role.")]
    [InlineData("""{"name":"x","role":"reader","rule":"admin"}""", "invalid_request", "\"rule\" is not a field")]
    [InlineData("""{"name":"x","role":"reader","role":"admin"}""", "invalid_request", "\"role\" is given twice")]
    [InlineData("""{"name":null,"role":"reader"}""", "invalid_request", "name must not be null")]
    [InlineData("""{"name":"x","role":1}""", "invalid_request", "role has a value of the wrong type")]
    [InlineData("[]", "invalid_request", "The body has a value of the wrong type")]
    [InlineData("""{"name":"x",""", "malformed_json", "line 1")]
    [InlineData("", "invalid_request", "needs a body")]
    public async Task A_bad_request_is_told_where_it_is_bad(string body, string code, string mentions)
    {
        var response = await engine.Admin.PostAsync("/api/tokens", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ProblemAsync();
        Assert.Equal((400, code), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("Engine.", problem.Detail, StringComparison.Ordinal); // no names of our types
    }

    [Fact]
    public async Task Sql_in_a_name_is_a_name()
    {
        const string name = "Robert'); drop table api_tokens; -- \"$1 \\ @x";

        var created = await CreateAsync(new CreateTokenRequest(name, Roles.Reader, Tenant: "' or '1'='1"));

        Assert.Equal((name, "' or '1'='1"), (created.Name, created.Tenant!));
        Assert.Contains((await AllAsync(limit: 200)), t => t.Name == name);
    }

    [Fact]
    public async Task Pages_meet_without_gap_or_overlap_while_tokens_are_added()
    {
        for (var i = 0; i < 7; i++) await CreateAsync(new CreateTokenRequest($"page {i}", Roles.Reader));
        var before = await AllAsync(limit: 200);

        var seen = new List<TokenResponse>();
        string? next = null;
        do
        {
            var page = await PageAsync($"/api/tokens?limit=2{(next is null ? "" : $"&page_token={next}")}");
            seen.AddRange(page.Items);
            next = page.NextPageToken;
            if (seen.Count == 4) await CreateAsync(new CreateTokenRequest("newcomer", Roles.Reader));
        } while (next is not null);

        Assert.Equal(before.Select(t => t.TokenId), seen.Select(t => t.TokenId));
    }

    [Theory]
    [InlineData("limit=0", "invalid_request")]
    [InlineData("limit=201", "invalid_request")]
    [InlineData("limit=many", "invalid_request")]
    [InlineData("page_token=%00", "page_token_invalid")]
    [InlineData("page_token=WyJhIl0", "page_token_invalid")]
    [InlineData("page_token=WyIwMDAwMDAwMDAwMDAiLCJhIiwiYiJd", "page_token_mismatch")]
    public async Task A_page_that_cannot_be_is_refused(string query, string code) =>
        Assert.Equal((400, code), await (await engine.Admin.GetAsync($"/api/tokens?{query}")).ProblemAsync() is var (s, c, _) ? (s, c) : default);

    [Fact]
    public async Task The_same_idempotency_key_creates_once_and_never_shows_the_secret_again()
    {
        var key = Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString();
        var request = new CreateTokenRequest("once", Roles.Reader);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => PostAsync(request, key)));

        var tokens = await Task.WhenAll(answers.Select(a => a.Content.ReadFromJsonAsync<CreatedTokenResponse>(EngineJson.Options)));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.StatusCode));
        Assert.Single(tokens.Select(t => t!.TokenId).Distinct());
        Assert.Single(tokens, t => t!.Token is not null);
        Assert.Equal(11, answers.Count(a => a.Headers.Contains("Idempotency-Replayed")));
        Assert.Single(await AllAsync(limit: 200), t => t.Name == "once");
        Assert.Equal("idempotency_key_reused", (await (await PostAsync(request with { Name = "another" }, key)).ProblemAsync()).Code);
    }

    [Fact]
    public async Task Unknown_ids_and_paths_are_not_found()
    {
        Assert.Equal((404, "not_found"), await (await engine.Admin.DeleteAsync($"/api/tokens/{Guid.Empty}")).ProblemAsync() is var (s, c, _) ? (s, c) : default);
        Assert.Equal("not_found", (await (await engine.Admin.DeleteAsync("/api/tokens/seven")).ProblemAsync()).Code);
        Assert.Equal("method_not_allowed", (await (await engine.Admin.PutAsync("/api/tokens", null)).ProblemAsync()).Code);
    }

    [Fact]
    public async Task The_last_use_is_noted()
    {
        var created = await CreateAsync(new CreateTokenRequest("used", Roles.Reader));
        using var client = engine.Client(created.Token);
        await client.GetAsync("/api/status");

        await engine.Services.GetRequiredService<NoteTokenUse>().RunOnceAsync(CancellationToken.None);

        Assert.NotNull((await AllAsync(limit: 200)).Single(t => t.TokenId == created.TokenId).LastUsedAt);
    }

    [Fact]
    public async Task The_first_token_lies_in_a_file_that_only_its_owner_reads()
    {
        var path = FirstToken.PathIn(engine.DataFolder);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.False(await engine.Services.GetRequiredService<FirstToken>().RunAsync(engine.DataFolder, CancellationToken.None));
        Assert.Equal(engine.AdminToken, (await File.ReadAllTextAsync(path)).Trim());
    }

    async Task<CreatedTokenResponse> CreateAsync(CreateTokenRequest request) =>
        (await (await PostAsync(request, null)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<CreatedTokenResponse>(EngineJson.Options))!;

    async Task<HttpResponseMessage> PostAsync(CreateTokenRequest body, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tokens") { Content = JsonContent.Create(body, options: EngineJson.Options) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await engine.Admin.SendAsync(request);
    }

    async Task<Page<TokenResponse>> PageAsync(string path) => (await engine.Admin.GetFromJsonAsync<Page<TokenResponse>>(path, EngineJson.Options))!;

    async Task<IReadOnlyList<TokenResponse>> AllAsync(int limit) => (await PageAsync($"/api/tokens?limit={limit}")).Items;
}
