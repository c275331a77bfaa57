using System.Collections.Frozen;

namespace Emulators.OpenRouter.Faults;

/// <summary>One fault by its name; the README's table of faults is these, in this order.</summary>
/// <param name="Says">What it does, for people.</param>
/// <param name="Add">Adds it to what is wrong with a call already.</param>
sealed record FaultKind(string Name, string Says, Func<Trouble, FaultSettings, Trouble> Add)
{
    static readonly FaultKind[] Others =
    [
        new("429-provider", "429 of a provider, with `provider_code` and no X-RateLimit headers", (t, s) => s.Refuse(t, ErrorAnswers.ProviderLimit(s.Model))),
        new("429-date", "429 whose Retry-After is a date", (t, s) => s.Refuse(t, ErrorAnswers.Of(429, s.Model) with { IsRetryAfterDate = true })),
        new("503-date", "503 whose Retry-After is a date", (t, s) => s.Refuse(t, ErrorAnswers.Of(503, s.Model) with { IsRetryAfterDate = true })),
        new("comments", "a comment before each frame", (t, _) => t with { HasComments = true }),
        new("pace", "`seconds` (0.05) between frames", (t, s) => t with { FrameEvery = s.Span(0.05) }),
        new("split", "frames in pieces of a few bytes, cut within UTF-8 characters too", (t, _) => t with { IsSplit = true }),
        new("batch", "several frames in one write", (t, _) => t with { IsBatched = true }),
        new("crlf", "lines that end with CR LF", (t, _) => t with { HasCrlf = true }),
        new("padding", "blank lines before a JSON body", (t, _) => t with { IsPadded = true }),
        new("usage-choice", "the usage frame repeats a choice", (t, _) => t with { Usage = UsageForm.WithChoice }),
        new("usage-missing", "no usage at all", (t, _) => t with { Usage = UsageForm.Missing }),
        new("usage-twice", "usage with the finish and again in its own frame", (t, _) => t with { Usage = UsageForm.Twice }),
        new("cost-missing", "usage without cost", (t, _) => t with { IsCostMissing = true }),
        new("error-first", "200, and the first frame is an error", (t, s) => s.InBand(t, InBandError.FirstFrame)),
        new("error-mid", "a whole chunk with an error after some frames", (t, s) => s.InBand(t, InBandError.Frame)),
        new("error-mid-empty", "the same with `choices: []`", (t, s) => s.InBand(t, InBandError.FrameWithoutChoices)),
        new("error-mid-string", "the same with the code `\"server_error\"`", (t, s) => s.InBand(t, InBandError.FrameWithTextCode)),
        new("error-mid-bare", "a frame with nothing but the error", (t, s) => s.InBand(t, InBandError.BareFrame)),
        new("error-event", "`event: error` with the error", (t, s) => s.InBand(t, InBandError.ErrorEvent)),
        new("error-choice", "200 with `choices[0].error` and partial text", (t, s) => s.InBand(t, InBandError.InChoice)),
        new("error-top", "200 with an error at the top and nothing else", (t, s) => s.InBand(t, InBandError.AtTop)),
        new("no-done", "no `[DONE]`", (t, _) => t with { IsDoneMissing = true }),
        new("cut-reset", "a TCP reset within a frame, or within a JSON body", (t, _) => t with { Ending = Ending.Reset }),
        new("cut-close", "the connection closes there, the answer unfinished", (t, _) => t with { Ending = Ending.Close }),
        new("cut-end", "the answer ends there in good order", (t, _) => t with { Ending = Ending.Unfinished }),
        new("stall", "nothing more after some frames, for `seconds` or for ever", (t, s) => t with { Ending = Ending.Stall, Hold = s.OptionalSpan }),
        new("silence", "no answer at all, for `seconds` or for ever", (t, s) => t with { Silence = Silence.BeforeHeaders, Hold = s.OptionalSpan }),
        new("silence-headers", "headers and then nothing, for `seconds` or for ever", (t, s) => t with { Silence = Silence.AfterHeaders, Hold = s.OptionalSpan }),
        new("slow-first-token", "`seconds` (2) until the first token, comments meanwhile", (t, s) => t with { FirstTokenAfter = s.Span(2) }),
        new("malformed-frame", "one frame that is no JSON", (t, _) => t with { HasMalformedFrame = true }),
        new("html", "502 with an HTML page", (t, _) => t with { Body = StrangeBody.HtmlGateway }),
        new("html-200", "200 with an HTML page", (t, _) => t with { Body = StrangeBody.HtmlPage }),
        new("garbage", "200 with bytes that are no JSON", (t, _) => t with { Body = StrangeBody.Garbage }),
        new("empty", "200 with an empty body", (t, _) => t with { Body = StrangeBody.Empty }),
        new("clock-off", "Date and `created` off by `seconds` (-86400)", (t, s) => t with { ClockOff = s.Span(-86_400) }),
        new("generation-late", "`/generation` knows the call after `seconds` (30)", (t, s) => t with { GenerationAfter = s.Span(30) }),
    ];

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        .. ErrorAnswers.Statuses.SelectMany(status => new FaultKind[]
        {
            new($"{status}", $"status {status}, `{ErrorAnswers.Of(status).ErrorType}`, shape A", (t, s) => s.Refuse(t, ErrorAnswers.Of(status, s.Model))),
            new($"{status}-b", "the same in shape B", (t, s) => s.Refuse(t, ErrorAnswers.Of(status, s.Model) with { IsShapeB = true })),
        }),
        .. Others,
    ];

    static readonly FrozenDictionary<string, FaultKind> ByName = All.ToFrozenDictionary(k => k.Name);

    /// <summary>Reads names joined by <c>+</c>, as in <c>crlf+comments</c>.</summary>
    /// <exception cref="KeyNotFoundException">A name is no fault's; <see cref="Unknown"/> tells it beforehand.</exception>
    public static FaultKind[] Parse(string names) => [.. Parts(names).Select(name => ByName[name])];

    /// <returns>The first name that is no fault's; null when all are.</returns>
    public static string? Unknown(string names) => Parts(names).FirstOrDefault(name => !ByName.ContainsKey(name));

    static string[] Parts(string names) => names.Split('+', StringSplitOptions.TrimEntries);
}
