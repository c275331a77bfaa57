namespace Crawlers.Logs.Events;

/// <summary>A line without what collectors put around it.</summary>
public ref struct UnwrappedLine
{
    /// <summary>What the program wrote; several lines when one record holds an event with its trace.</summary>
    public ReadOnlySpan<byte> Text { get; set; }

    /// <summary>Tells streams apart within one source: standard output from error, one process from another.</summary>
    public ulong Stream { get; set; }

    /// <summary>What the envelope says; <see cref="LogLevel.Unknown"/> when nothing.</summary>
    public LogLevel Level { get; set; }

    /// <summary>What the envelope says about the time, as text; empty when nothing.</summary>
    public ReadOnlySpan<byte> Time { get; set; }

    /// <summary>The program's line goes on in the next record of the stream.</summary>
    public bool IsPartial { get; set; }

    /// <summary>It came as a record of JSON or logfmt.</summary>
    public bool IsEnveloped { get; set; }

    /// <summary>The record is an event by itself: nothing is joined to it.</summary>
    public bool IsWhole { get; set; }
}
