using System.Text;
using Crawlers.Logs.Otlp;

namespace Crawlers.Tests.Logs.Otlp;

public sealed class EncodeAnswerTests
{
    [Fact]
    public void A_request_that_was_taken_whole_is_answered_with_an_empty_message()
    {
        Assert.Empty(EncodeAnswer.Taken(ExportEncoding.Protobuf, 0, null));
        Assert.Equal("{}", Encoding.UTF8.GetString(EncodeAnswer.Taken(ExportEncoding.Json, 0, null)));
    }

    [Fact]
    public void What_was_refused_of_a_request_is_said_with_its_reason()
    {
        Assert.Equal(Wire.Bytes(1, Wire.Varint(1, 300), Wire.Text(2, "says nothing")), EncodeAnswer.Taken(ExportEncoding.Protobuf, 300, "says nothing"));
        Assert.Equal("""{"partialSuccess":{"rejectedLogRecords":"300","errorMessage":"says nothing"}}""", Encoding.UTF8.GetString(EncodeAnswer.Taken(ExportEncoding.Json, 300, "says nothing")));
    }

    [Fact]
    public void A_refusal_is_a_status()
    {
        Assert.Equal([.. Wire.Varint(1, 3), .. Wire.Text(2, "Byte 7: a value is cut off.")], EncodeAnswer.Refused(ExportEncoding.Protobuf, 3, new ExportRead.Malformed("a value is cut off", 7).ToString()));
        Assert.Equal("""{"code":8,"message":"too large"}""", Encoding.UTF8.GetString(EncodeAnswer.Refused(ExportEncoding.Json, 8, "too large")));
    }
}
