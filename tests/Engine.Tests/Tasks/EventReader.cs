using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Engine.Http;
using Engine.Tasks;

namespace Engine.Tests.Tasks;

/// <summary>Follows <c>/api/tasks/events</c> over the wire.</summary>
sealed class EventReader : IAsyncDisposable
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly HttpResponseMessage response;
    readonly SseParser<string> parser;
    readonly IAsyncEnumerator<SseItem<string>> items;

    EventReader(HttpResponseMessage response, SseParser<string> parser) => (this.response, this.parser, items) = (response, parser, parser.EnumerateAsync().GetAsyncEnumerator());

    /// <summary>Of what was read last: where to go on after a break.</summary>
    public string LastEventId => parser.LastEventId;

    /// <param name="lastEventId">Null: from now on.</param>
    public static async Task<EventReader> OpenAsync(HttpClient client, string path, string? lastEventId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        var reader = new EventReader(response, SseParser.Create(await response.Content.ReadAsStreamAsync()));
        Assert.True(await reader.items.MoveNextAsync().AsTask().WaitAsync(Soon));
        Assert.Equal("following", reader.items.Current.EventType);
        return reader;
    }

    public async Task<TaskEventResponse> NextAsync() => await NextOrEndAsync().WaitAsync(Soon) ?? throw new InvalidOperationException("The stream has ended.");

    public async Task<TaskEventResponse?> NextOrEndAsync() =>
        await items.MoveNextAsync() ? JsonSerializer.Deserialize<TaskEventResponse>(items.Current.Data, EngineJson.Options) : null;

    public ValueTask DisposeAsync()
    {
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
