using System.Net;
using Engine.Access;
using Engine.Gateway;
using Engine.Hosting;
using Engine.Http;
using Microsoft.Extensions.DependencyInjection;
using Routing.Providers;
using Support;

namespace Engine.Tests.Gateway;

public sealed class ProvidersApiTests(GatewayEngine engine) : IClassFixture<GatewayEngine>
{
    const string Key = GatewayEngine.Key, Next = "sk-or-v1-fedcba9876543210";

    [Fact]
    public async Task A_provider_is_made_changed_and_listed()
    {
        var made = await engine.PutAsync("/api/providers/made", $$$"""{"kind":"openai","base_url":"{{{engine.Provider.BaseUrl}}}","regions":["eu"],"headers":{"X-Title":"engine"}}""");
        var again = await engine.PutAsync("/api/providers/made", $$"""{"kind":"openai","base_url":"{{engine.Provider.BaseUrl}}"}""");
        var changed = await engine.PutAsync("/api/providers/made", $$"""{"kind":"openai","base_url":"{{engine.Provider.BaseUrl}}","enabled":false}""", $"{made.Headers.ETag}");

        Assert.Equal((HttpStatusCode.Created, "/api/providers/made"), (made.StatusCode, $"{made.Headers.Location}"));
        Assert.Equal((428, "precondition_required"), Code(await again.ProblemAsync()));
        var after = await GatewayEngine.ReadAsync<ProviderResponse>(changed);
        Assert.Equal((false, 2L, 0), (after.Enabled, after.Version, after.Headers.Count)); // a PUT says all
        Assert.Contains((await engine.GetAsync<Page<ProviderResponse>>("/api/providers?limit=200")).Items, p => p.Name == "made");
        Assert.Equal(["provider.create", "provider.change"], (await engine.AuditAsync("provider:made")).Select(e => e.Action));
    }

    [Theory]
    [InlineData("Bad", """{"kind":"openai","base_url":"https://example.com"}""", null, 400, "invalid_request", "lower-case")]
    [InlineData("bad", """{"kind":"openai","base_url":"http://169.254.169.254/latest"}""", null, 400, "invalid_request", "169.254.169.254")]
    [InlineData("bad", """{"kind":"openai","base_url":"http://example.com"}""", null, 400, "invalid_request", "https")]
    [InlineData("bad", """{"kind":"openai","base_url":"https://example.com","headers":{"Authorization":"Bearer hidden"}}""", null, 400, "invalid_request", "Authorization")]
    [InlineData("bad", """{"kind":"other","base_url":"https://example.com"}""", null, 400, "invalid_request", "kind")]
    [InlineData("bad", """{"kind":"openai"}""", null, 400, "invalid_request", "base_url")]
    [InlineData("bad", """{"kind":"openai","base_url":"https://example.com","regions":[null]}""", null, 400, "invalid_request", "regions")]
    [InlineData("bad", """{"kind":"openai","base_url":"https://example.com","headers":{"X-Title":null}}""", null, 400, "invalid_request", "X-Title")]
    [InlineData("bad", """{"kind":"openai","base_url":"https://example.com"}""", "\"v1\"", 404, "not_found", "bad")]
    [InlineData("bad", """{"kind":"openai","base_url":"https://example.com"}""", "v1", 400, "invalid_request", "If-Match")]
    public async Task A_provider_that_cannot_be_is_told_why(string name, string body, string? etag, int status, string code, string mentions)
    {
        var problem = await (await engine.PutAsync($"/api/providers/{name}", body, etag)).ProblemAsync();

        Assert.Equal((status, code), Code(problem));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_staged_tried_and_put_into_use_and_every_step_is_recorded_without_it()
    {
        engine.Provider.Keys = [Key, Next];
        await MakeAsync("rotated");

        var staged = await RotateAsync("rotated", "stage", $$"""{"key":"{{Key}}"}""");
        var promoted = await RotateAsync("rotated", "promote");
        await RotateAsync("rotated", "stage", $$"""{"key":"{{Next}}"}""");
        await RotateAsync("rotated", "promote");
        var keys = engine.Server.Services.GetRequiredService<ProviderKeys>();
        await Eventually.TrueAsync(() => keys.Find("rotated")?.Key?.Fingerprint == ProviderKey.FingerprintOf(Next), TimeSpan.FromSeconds(10), "the engine uses the new key");
        var rolledBack = await RotateAsync("rotated", "rollback");

        Assert.Equal(("staged", true), (Assert.Single(staged.Provider.Keys).State, staged.Test!.Working));
        Assert.Equal(("active", null), (Assert.Single(promoted.Provider.Keys).State, promoted.Test));
        Assert.Equal(ProviderKey.FingerprintOf(Key), Assert.Single(rolledBack.Provider.Keys).Fingerprint);
        var audit = await engine.AuditAsync("provider:rotated");
        Assert.Equal(["provider.create", "provider.key_stage", "provider.key_verify", "provider.key_promote", "provider.key_stage", "provider.key_verify", "provider.key_promote",
            "provider.key_roll_back"], audit.Select(e => e.Action));
        Assert.All(audit, e => Assert.DoesNotContain("0123456789", e.Details.GetRawText(), StringComparison.Ordinal));
        Assert.Equal((409, "nothing_to_undo"), Code(await (await engine.PostAsync("/api/providers/rotated/rotation/rollback")).ProblemAsync()));
        engine.Provider.Keys = null;
    }

    [Fact]
    public async Task A_key_that_is_refused_or_cannot_be_tried_is_not_put_into_use()
    {
        engine.Provider.Keys = [Key];
        await MakeAsync("refusing");

        var refused = await RotateAsync("refusing", "stage", """{"key":"sk-or-v1-wrong-0123456789"}""");
        Assert.Equal((false, true, 401, 0), (refused.Test!.Working, refused.Test.Refused, refused.Test.HttpStatus, refused.Provider.Keys.Count));
        Assert.Equal((409, "nothing_staged"), Code(await (await engine.PostAsync("/api/providers/refusing/rotation/promote")).ProblemAsync()));

        engine.Provider.Fault = http => { http.Response.StatusCode = 500; return Task.CompletedTask; };
        var untried = await RotateAsync("refusing", "stage", $$"""{"key":"{{Key}}"}""");
        Assert.Equal((false, false, 500, "staged"), (untried.Test!.Working, untried.Test.Refused, untried.Test.HttpStatus, Assert.Single(untried.Provider.Keys).State));
        Assert.Equal((409, "key_not_verified"), Code(await (await engine.PostAsync("/api/providers/refusing/rotation/promote")).ProblemAsync()));

        engine.Provider.Fault = null;
        var promoted = await RotateAsync("refusing", "promote"); // tries it first
        Assert.Equal(("active", true), (Assert.Single(promoted.Provider.Keys).State, promoted.Test!.Working));
        engine.Provider.Keys = null;
    }

    [Theory]
    [InlineData("absent", """{"key":"sk-or-v1-0123456789"}""", 404, "not_found")]
    [InlineData("staging", """{"key":"a b secret"}""", 400, "invalid_request")]
    [InlineData("staging", """{"key":["secret"]}""", 400, "invalid_request")]
    [InlineData("staging", """{"key":"secret""", 400, "malformed_json")]
    [InlineData("staging", """{}""", 400, "invalid_request")]
    public async Task A_key_that_cannot_be_staged_is_told_why_without_being_repeated(string name, string body, int status, string code)
    {
        if (name == "staging" && (await engine.Admin.GetAsync("/api/providers/staging")).StatusCode == HttpStatusCode.NotFound) await MakeAsync(name);

        var problem = await (await engine.PostAsync($"/api/providers/{name}/rotation/stage", body)).ProblemAsync();

        Assert.Equal((status, code), Code(problem));
        Assert.DoesNotContain("secret", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_makes_a_real_call()
    {
        await MakeAsync("tested");
        engine.Provider.Models = ProviderServer.List(ProviderServer.Model("a/one"));

        var test = await GatewayEngine.ReadAsync<ProviderTestResponse>(await engine.PostAsync("/api/providers/tested/test"));

        Assert.Equal((true, "It lists 1 models.", 200, null), (test.Working, test.Detail, test.HttpStatus, test.Key));
        Assert.Equal((404, "not_found"), Code(await (await engine.PostAsync("/api/providers/absent/test")).ProblemAsync()));
    }

    [Fact]
    public async Task An_operator_tests_providers_and_only_an_admin_touches_them_and_their_keys()
    {
        await MakeAsync("guarded");
        using var steering = engine.Server.Client(await engine.Server.TokenAsync(Roles.Operator));
        using var reader = engine.Server.Client(await engine.Server.TokenAsync(Roles.Reader));

        Assert.Equal(HttpStatusCode.OK, (await engine.PostAsync("/api/providers/guarded/test", null, steering)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/providers/guarded")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await engine.PostAsync("/api/providers/guarded/test", null, reader)).StatusCode);
        foreach (var step in new[] { "stage", "promote", "rollback" })
            Assert.Equal(HttpStatusCode.Forbidden, (await engine.PostAsync($"/api/providers/guarded/rotation/{step}", """{"key":"sk-or-v1-0123456789"}""", steering)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await engine.PutAsync("/api/providers/guarded", "{}", "\"v1\"", steering)).StatusCode);
    }

    [Fact]
    public void The_key_ring_lies_in_the_data_folder_for_its_owner_alone()
    {
        var path = KeyRingFile.PathIn(engine.Server.DataFolder);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task An_engine_whose_key_ring_cannot_be_read_does_not_start_and_says_what_to_do()
    {
        var other = new EngineServer();
        await other.Database.InitializeAsync();
        await File.WriteAllTextAsync(KeyRingFile.PathIn(other.DataFolder), "k1:a secret that is none");

        var refused = await Assert.ThrowsAsync<StartupException>(other.StartAsync);

        Assert.Contains("routing-keys", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        await other.DisposeAsync();
    }

    async Task MakeAsync(string name) =>
        (await engine.PutAsync($"/api/providers/{name}", $$"""{"kind":"emulator","base_url":"{{engine.Provider.BaseUrl}}"}""")).EnsureSuccessStatusCode();

    async Task<RotationResponse> RotateAsync(string name, string step, string? body = null) =>
        await GatewayEngine.ReadAsync<RotationResponse>(await engine.PostAsync($"/api/providers/{name}/rotation/{step}", body));

    static (int, string) Code((int Status, string Code, string Detail) problem) => (problem.Status, problem.Code);
}
