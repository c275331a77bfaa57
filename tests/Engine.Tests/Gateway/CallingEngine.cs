using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Emulators.OpenRouter;
using Engine.Gateway;
using Engine.Http;
using Engine.Tasks;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Routing.Calls;
using Routing.Catalog;
using Routing.Providers;
using Routing.Selection;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>A whole engine whose only provider is an emulated OpenRouter.</summary>
public sealed class CallingEngine : IAsyncLifetime
{
    public EngineServer Server { get; } = new();

    public OpenRouterEmulator OpenRouter { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        OpenRouter = await OpenRouterEmulator.StartAsync(new OpenRouterOptions { GenerationAppearsAfter = TimeSpan.Zero }, CancellationToken.None);
        Server.Environment["ENGINE__CALLS__SILENCE"] = "00:00:00.5";
        Server.Additions = services =>
        {
            services.AddTaskKind<AskingHandler, Question>("fix_bug");
            services.AddTaskKind<AskingHandler, Question>("simple_query");
        };
        await Server.InitializeAsync();
        var made = await Server.Admin.PutAsync("/api/providers/emulated", Json($$"""{"kind":"emulator","base_url":"{{OpenRouter.BaseUrl}}"}"""));
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        (await Server.Admin.PostAsync("/api/models/sync", Json("""{"provider":"emulated"}"""))).EnsureSuccessStatusCode();
        await FollowAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await OpenRouter.DisposeAsync();
    }

    public T Get<T>() where T : notnull => Server.Services.GetRequiredService<T>();

    /// <summary>When calls go by what was just changed.</summary>
    public async Task FollowAsync()
    {
        await Get<ProviderKeys>().RefreshAsync(CancellationToken.None);
        await Get<CurrentCatalog>().RefreshAsync(CancellationToken.None);
        await Get<KeepSnapshot>().RunOnceAsync(CancellationToken.None);
    }

    public async Task PutBudgetAsync(string body)
    {
        var put = await Server.Admin.PutAsync("/api/budgets", Json(body));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await FollowAsync();
    }

    public Task<HttpResponseMessage> AskAsync(string body, CancellationToken ct = default) => Server.Admin.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/api/routing/ask") { Content = Json(body) }, HttpCompletionOption.ResponseHeadersRead, ct);

    /// <summary>The whole answer: its text, and its last event.</summary>
    public async Task<(string Text, string Event, JsonElement Data)> AnswerAsync(string body)
    {
        using var response = await AskAsync(body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var text = new StringBuilder();
        var (name, data) = ("", default(JsonElement));
        await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            (name, data) = (item.EventType, JsonElement.Parse(item.Data));
            if (name == "message") text.Append(data.GetProperty("text").GetString());
        }
        return (text.ToString(), name, data);
    }

    public async Task<SelectionRow> SelectionAsync(Guid selectionId)
    {
        await Get<CallLedger>().FlushAsync(CancellationToken.None);
        return (await Server.Admin.GetFromJsonAsync<Page<SelectionRow>>("/api/selections?limit=200", EngineJson.Options))!.Items.Single(s => s.SelectionId == selectionId);
    }

    public async Task<T> ReadAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    /// <param name="Times">How often it is asked.</param>
    public sealed record Question(string Prompt, string? Policy = null, int Times = 1);

    public sealed class AskingHandler(TaskChats chats) : ITaskHandler<Question>
    {
        public async Task<TaskResult> RunAsync(Question payload, TaskContext context, CancellationToken ct)
        {
            using var chat = chats.For(context, new RouteWish(payload.Policy));
            var answer = "";
            for (var i = 0; i < payload.Times; i++) answer = (await chat.GetResponseAsync(payload.Prompt, cancellationToken: ct)).Text;
            return TaskResult.Done(new { answer });
        }
    }
}
