using System.Globalization;
using Serilog.Events;
using Serilog.Parsing;

namespace Engine.Hosting.Logging;

/// <summary>What both forms of a line take from an event.</summary>
static class LogEventParts
{
    /// <summary>The logger's category.</summary>
    public const string Source = "SourceContext";

    public const string EventId = "EventId";

    /// <summary>The sentence with its values; texts stand in it as they are, without the quotation marks Serilog would add.</summary>
    public static string Message(LogEvent logEvent)
    {
        using var sentence = new StringWriter(CultureInfo.InvariantCulture);
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            if (token is PropertyToken property && Text(logEvent, property.PropertyName) is { } text) sentence.Write(text);
            else token.Render(logEvent.Properties, sentence, CultureInfo.InvariantCulture);
        }
        return sentence.ToString();
    }

    /// <summary>Null when there is no such property or it is no text.</summary>
    public static string? Text(LogEvent logEvent, string property) =>
        logEvent.Properties.TryGetValue(property, out var value) && value is ScalarValue { Value: string text } ? text : null;
}
