namespace Engine.Hosting.Telemetry;

/// <summary>
/// Carries the posts to the collector: tells once when it fails and once when it works again, and gives up all that is under
/// way when told to, so that a dead collector holds nothing up.
/// </summary>
sealed class OtlpTransport(Uri endpoint, TimeProvider time, ILogger<EngineTelemetry> log, CancellationToken giveUp)
    : DelegatingHandler(new SocketsHttpHandler { ActivityHeadersPropagator = null, ConnectTimeout = TimeSpan.FromSeconds(5) })
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    readonly Lock gate = new();
    DateTimeOffset quietUntil;
    bool toldFailing;

    /// <summary>The exporters post synchronously.</summary>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, giveUp);
        try
        {
            return Judge(base.Send(request, either.Token));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Failed(e.Message);
            throw;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, giveUp);
        try
        {
            return Judge(await base.SendAsync(request, either.Token));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Failed(e.Message);
            throw;
        }
    }

    HttpResponseMessage Judge(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode) Worked();
        else Failed($"it answered {(int)response.StatusCode}");
        return response;
    }

    void Worked()
    {
        lock (gate)
        {
            if (!toldFailing) return;
            toldFailing = false;
        }
        log.CollectorBack(endpoint);
    }

    void Failed(string reason)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (now < quietUntil) return;
            quietUntil = now + Interval;
            toldFailing = true;
        }
        log.CollectorUnreachable(endpoint, reason, Interval);
    }
}
