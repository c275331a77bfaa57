using System.Buffers;
using System.Globalization;
using System.Text;

namespace Engine.Tasks.Events;

/// <summary>Ids of events on the wire: microseconds since 1970.</summary>
public static class EventPosition
{
    public static string Text(DateTimeOffset position) => ((position - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture);

    /// <returns>Null when the text is none, or lies in the future.</returns>
    public static DateTimeOffset? Read(string text, DateTimeOffset now) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var micros) && micros <= (now.AddMinutes(1) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
            ? DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond) : null;
}

/// <summary>The wire format of server-sent events.</summary>
/// <param name="mayRead">Asked before anything is sent: a stream must not outlive the right to it.</param>
public sealed class EventStream(HttpResponse response, Func<CancellationToken, Task<bool>> mayRead)
{
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task BeginAsync(DateTimeOffset position, CancellationToken ct)
    {
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no"; // proxies pass each event on as it comes
        Write($"id: {EventPosition.Text(position)}\nevent: following\ndata: {{}}\n\n");
        await FlushAsync(ct);
    }

    /// <summary>Sends what comes, and a sign of life while nothing does, until the subscription is cut off or the token fires.</summary>
    public async Task FollowAsync(EventSubscription subscription, TimeProvider time, CancellationToken ct)
    {
        while (true)
        {
            var more = subscription.Events.WaitToReadAsync(ct).AsTask();
            while (!more.IsCompleted && await Task.WhenAny(more, Task.Delay(Heartbeat, time, ct)) != more)
            {
                var position = subscription.Position; // looked at first: if nothing waits after that, all before it has been sent
                if (!await mayRead(ct)) return;
                if (!more.IsCompleted) await HeartbeatAsync(position, ct);
            }
            if (!await more) break;
            if (!await mayRead(ct)) return;
            while (subscription.Events.TryRead(out var e)) Write(e);
            await FlushAsync(ct);
        }
        if (subscription.IsLagging) await LaggingAsync(ct);
    }

    void Write(SentEvent e)
    {
        Write($"id: {EventPosition.Text(e.Position)}\ndata: ");
        response.BodyWriter.Write(e.Json.Span);
        Write("\n\n");
    }

    /// <returns>False when it may not be sent any more.</returns>
    public async Task<bool> SendAsync(SentEvent e, CancellationToken ct)
    {
        if (!await mayRead(ct)) return false;
        Write(e);
        await FlushAsync(ct);
        return true;
    }

    /// <summary>Keeps proxies from hanging up, and moves the place to go on from.</summary>
    Task HeartbeatAsync(DateTimeOffset position, CancellationToken ct)
    {
        Write($": still here\nid: {EventPosition.Text(position)}\n\n");
        return FlushAsync(ct);
    }

    Task LaggingAsync(CancellationToken ct)
    {
        Write("event: lagging\ndata: {\"code\":\"lagging\",\"detail\":\"More happened than was taken in time; go on from the last id.\"}\n\n");
        return FlushAsync(ct);
    }

    async Task FlushAsync(CancellationToken ct) => await response.BodyWriter.FlushAsync(ct);

    void Write(string text) => Encoding.UTF8.GetBytes(text, response.BodyWriter);
}
