using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Faults;

/// <summary>All that goes wrong with one call. As it stands, nothing does.</summary>
sealed record Trouble
{
    public static Trouble None { get; } = new();

    /// <summary>The names of its faults, joined by <c>+</c>; null when there are none.</summary>
    public string? Name { get; init; }

    /// <summary>Answered instead of any work, with its status.</summary>
    public ErrorAnswer? Refusal { get; init; }

    public Silence Silence { get; init; }

    /// <summary>How long a silence or a stall lasts; null: until the caller leaves.</summary>
    public TimeSpan? Hold { get; init; }

    /// <summary>Frames with content that come before what befalls the middle of a stream.</summary>
    public int AfterFrames { get; init; } = 3;

    public TimeSpan FirstTokenAfter { get; init; }

    public TimeSpan FrameEvery { get; init; }

    public bool HasComments { get; init; }

    public bool HasCrlf { get; init; }

    /// <summary>Each frame goes out in pieces of a few bytes, cut wherever it falls.</summary>
    public bool IsSplit { get; init; }

    /// <summary>Several frames go out in one write.</summary>
    public bool IsBatched { get; init; }

    /// <summary>Blank lines before a JSON body, to keep the connection open.</summary>
    public bool IsPadded { get; init; }

    public UsageForm Usage { get; init; }

    public bool IsCostMissing { get; init; }

    public InBandError InBand { get; init; }

    /// <summary>The error that comes in band.</summary>
    public ErrorAnswer InBandError { get; init; } = ErrorAnswers.Of(502);

    public Ending Ending { get; init; }

    public bool IsDoneMissing { get; init; }

    public bool HasMalformedFrame { get; init; }

    public StrangeBody Body { get; init; }

    /// <summary>What is added to the time in <c>Date</c> and <c>created</c>.</summary>
    public TimeSpan ClockOff { get; init; }

    /// <summary>How long <c>/generation</c> does not know the call; null: as long as usual.</summary>
    public TimeSpan? GenerationAfter { get; init; }
}

enum Silence { None, BeforeHeaders, AfterHeaders }

enum UsageForm { EmptyChoices, WithChoice, Missing, Twice }

enum InBandError { None, FirstFrame, Frame, FrameWithoutChoices, FrameWithTextCode, BareFrame, ErrorEvent, InChoice, AtTop }

enum Ending { Whole, Reset, Close, Unfinished, Stall }

enum StrangeBody { None, HtmlGateway, HtmlPage, Garbage, Empty }
