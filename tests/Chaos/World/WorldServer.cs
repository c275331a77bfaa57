using System.Diagnostics;
using Chaos.Recorded;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chaos.World;

/// <summary>
/// What is outside of the engine: takes note of all that handlers tell, in the order it arrives, and refuses an effect under an
/// epoch below the highest that it has seen.
/// </summary>
public sealed class WorldServer : IAsyncDisposable
{
    readonly WebApplication app;
    readonly Lock guard = new();
    readonly Dictionary<Guid, long> highest = [];
    readonly Action<WorldEvent> record;

    WorldServer(WebApplication app, Action<WorldEvent> record) => (this.app, this.record) = (app, record);

    public string Url => app.Urls.First();

    public int Refused { get; private set; }

    public static async Task<WorldServer> StartAsync(Action<WorldEvent> record)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var world = new WorldServer(app, record);
        app.MapPost("/", (WorldEvent happened) => world.Take(happened) ? Results.NoContent() : Results.Conflict());
        await app.StartAsync();
        return world;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    bool Take(WorldEvent happened)
    {
        lock (guard)
        {
            var seen = highest.GetValueOrDefault(happened.TaskId);
            var isAccepted = happened.Kind != WorldEventKind.Effect || happened.Epoch >= seen;
            if (happened.Kind == WorldEventKind.Effect) highest[happened.TaskId] = Math.Max(seen, happened.Epoch);
            if (!isAccepted) Refused++;
            record(happened with { ReceivedAt = Stopwatch.GetTimestamp(), Accepted = isAccepted });
            return isAccepted;
        }
    }
}
