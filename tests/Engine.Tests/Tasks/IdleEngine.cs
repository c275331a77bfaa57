using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Engine.Http;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>A whole engine that serves and runs nothing, with two kinds of tasks; for all tests of a class.</summary>
public sealed class IdleEngine : IAsyncLifetime
{
    public const string Probe = "probe", Other = "other";

    public EngineServer Server { get; } = new();

    public HttpClient Admin => Server.Admin;

    public async Task InitializeAsync()
    {
        Server.Environment["ENGINE__WORKERS__SLOTS"] = "0";
        Server.Additions = services =>
        {
            services.AddTaskKind<ProbeHandler, Probe>(Probe);
            services.AddTaskKind<OtherHandler, Probe>(Other, kind => kind with { Priority = TaskPriority.High });
        };
        await Server.InitializeAsync();
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    /// <param name="more">Further members, as <c>"dedup_key":"a"</c>.</param>
    public async Task<Guid> FileAsync(string kind = Probe, string more = "")
    {
        var filed = await PostAsync("/api/tasks", $$"""{"kind":"{{kind}}","payload":{"say":"hello"}{{(more.Length > 0 ? "," : "")}}{{more}} }""");
        return (await ReadAsync<FiledTaskResponse>(filed)).TaskId;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string? body = null, HttpClient? client = null, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return (client ?? Admin).SendAsync(request);
    }

    public async Task<T> GetAsync<T>(string path) => await ReadAsync<T>(await Admin.GetAsync(path));

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return (await response.Content.ReadFromJsonAsync<T>(EngineJson.Options))!;
    }

    /// <summary>All pages of a list.</summary>
    public async Task<IReadOnlyList<T>> AllAsync<T>(string path)
    {
        var all = new List<T>();
        for (string? next = ""; next is not null;)
        {
            var page = await GetAsync<Page<T>>(next == "" ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}page_token={next}");
            all.AddRange(page.Items);
            next = page.NextPageToken;
        }
        return all;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters, commandTimeout: 120);
    }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Owner.OpenConnectionAsync();
        return [.. await connection.QueryAsync<T>(sql, parameters)];
    }

    public static JsonElement Json(string text) => JsonElement.Parse(text);

    sealed class OtherHandler : ITaskHandler<Probe>
    {
        public Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct) => TaskResult.DoneAsync();
    }
}
