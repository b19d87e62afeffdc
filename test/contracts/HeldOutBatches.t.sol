// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HeldOutBatches} from "solidity/HeldOutBatches.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev How held-out questions are put sealed, agreed to and opened, and what a thief gets.
contract HeldOutBatchesTest is Network {
    using Statements for Statements.Questions;

    bytes32 private datanet;
    bytes32 private constant KEY = keccak256("the key of a batch");
    bytes private questions = "what nobody may read yet";
    bytes private keys = new bytes(162); // two seats

    function setUp() public override {
        super.setUp();
        datanet = newDatanet("rules"); // the host has one of four, the validator three
        staked(host, MIN_STAKE);
        staked(validator, MIN_STAKE);
    }

    function put(address by) private returns (bytes32) {
        vm.prank(by);
        return datanets.putBatch(datanet, keccak256(abi.encodePacked(KEY)), questions, keys);
    }

    function speak(bytes32 batch, address by, bool consents) private {
        vm.prank(by);
        datanets.speakOnBatch(batch, consents);
    }

    function judges(bytes32 batch) private view returns (uint32 version) {
        (,,,, version,,,) = datanets.batchOf(batch);
    }

    function opened(bytes32 batch) private view returns (bool yes_) {
        (,,,,, yes_,,) = datanets.batchOf(batch);
    }

    function testMoreThanTwoThirdsAcceptItForTheVersionThatComesNext() public {
        bytes32 batch = put(stranger);
        speak(batch, host, true);
        same(judges(batch), 0, "a fourth is too little");
        speak(batch, validator, true);
        same(judges(batch), 1, "all of it is enough");
        anchorNext(datanet, 1);
        bytes32 later = put(validator);
        speak(later, validator, true);
        same(judges(later), 2, "what comes after a version judges the next one");
    }

    function testItOpensOnlyOnceItsVersionIsAnchored() public {
        bytes32 batch = put(stranger);
        vm.expectPartialRevert(HeldOutBatches.BatchNotDue.selector);
        datanets.openBatch(batch, KEY); // nobody has accepted it
        speak(batch, validator, true);
        vm.expectPartialRevert(HeldOutBatches.BatchNotDue.selector);
        datanets.openBatch(batch, KEY); // who leaks early leaks elsewhere: the chain takes nothing
        anchorNext(datanet, 1);
        vm.expectPartialRevert(HeldOutBatches.BatchWrongKey.selector);
        datanets.openBatch(batch, keccak256("another"));
        vm.prank(challenger);
        datanets.openBatch(batch, KEY); // whoever has it may
        yes(opened(batch), "it is open");
        vm.expectPartialRevert(HeldOutBatches.BatchDecided.selector);
        datanets.openBatch(batch, KEY);
    }

    function testWhatIsNotOpenedInTimeStaysShut() public {
        bytes32 batch = put(stranger);
        speak(batch, validator, true);
        anchorNext(datanet, 1);
        (uint32 batches, uint64 until) = datanets.batchesDue(datanet, 1);
        same(batches, 1, "one");
        vm.warp(until + 1);
        vm.expectPartialRevert(HeldOutBatches.BatchTooLate.selector);
        datanets.openBatch(batch, KEY);
        yes(!opened(batch), "it judges nothing");
    }

    function testALaterVersionGivesNoMoreTime() public {
        bytes32 batch = put(stranger);
        speak(batch, validator, true);
        anchorNext(datanet, 1);
        (, uint64 until) = datanets.batchesDue(datanet, 1);
        vm.warp(until + 1);
        anchorNext(datanet, 2);
        (, uint64 later) = datanets.batchesDue(datanet, 1);
        same(later, until, "as it was");
        (, uint64 none) = datanets.batchesDue(datanet, 2);
        same(none, 0, "nothing is due for a version without batches");
    }

    function testStrangersDoNotSpeakAndAWordIsAWord() public {
        bytes32 batch = put(stranger);
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        speak(batch, stranger, true);
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        speak("nothing", validator, true);
        speak(batch, host, false);
        vm.expectPartialRevert(HeldOutBatches.BatchSpokenOn.selector);
        speak(batch, host, true);
        vm.prank(host);
        registry.requestUnbond(1);
        bytes32 other = put(challenger);
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        speak(other, host, true); // not without its stake
        speak(batch, validator, true);
        vm.expectPartialRevert(HeldOutBatches.BatchDecided.selector);
        speak(batch, validator, true);
    }

    /// A thief who puts the bytes of another again, first or later, takes no place from it: each has an id of its own.
    function testTheSameBytesByAnotherAreAnotherBatch() public {
        bytes32 stolen = put(challenger);
        bytes32 batch = put(stranger);
        yes(stolen != batch, "by its writer");
        vm.expectPartialRevert(HeldOutBatches.BatchExists.selector);
        put(stranger);
        speak(batch, validator, true);
        same(judges(stolen), 0, "words on one say nothing of the other");
    }

    function testAnotherRosterIsAskedAnewAndKeepsWhatWasAccepted() public {
        bytes32 accepted = put(stranger);
        speak(accepted, validator, true);
        bytes32 waiting = put(challenger);
        address[] memory seats = new address[](1);
        uint96[] memory weights = new uint96[](1);
        (seats[0], weights[0]) = (host, 1);
        vm.prank(validator);
        bytes32 succession = datanets.proposeRoster(datanet, seats, weights);
        vm.prank(validator);
        datanets.speakOnRoster(succession, true);
        datanets.seatRoster(succession, seats, weights);
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        speak(waiting, validator, true);
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        speak(waiting, host, true); // it was sealed for others
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        put(challenger); // sealed for one seat too many
        anchorNext(datanet, 1);
        datanets.openBatch(accepted, KEY);
        yes(opened(accepted), "what was agreed to stays");
    }

    function testSizesAreBounded() public {
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        datanets.putBatch("no such", KEY, questions, "");
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        datanets.putBatch(datanet, KEY, "", keys);
        bytes memory long = new bytes(datanets.MAX_QUESTIONS() + 1);
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        datanets.putBatch(datanet, KEY, long, keys);
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        datanets.putBatch(datanet, KEY, questions, new bytes(161));
    }

    function testAVersionHasSoManyAtMost() public {
        for (uint32 i = 0; i <= datanets.MAX_BATCHES(); i++) {
            questions = abi.encodePacked(i);
            bytes32 batch = put(stranger);
            if (i == datanets.MAX_BATCHES()) vm.expectPartialRevert(HeldOutBatches.BatchesFull.selector);
            speak(batch, validator, true);
        }
        anchorNext(datanet, 1);
        bytes32 next = put(challenger);
        speak(next, validator, true);
        same(judges(next), 2, "there is room for the next one");
    }

    function signedBy(address writer, uint32 roster) private view returns (Statements.Questions memory) {
        return Statements.Questions(
            datanet,
            writer,
            roster,
            keccak256(abi.encodePacked(KEY)),
            keccak256(questions),
            keccak256(keys),
            uint64(block.timestamp) + 1 hours
        );
    }

    function bring(Statements.Questions memory said, bytes memory signature) private returns (bytes32) {
        vm.prank(challenger);
        return datanets.putBatchFor(said, signature, questions, keys);
    }

    /// Whoever has no gas signs, and whoever brings it has written nothing.
    function testAnybodyBringsWhatItsWriterHasSigned() public {
        Statements.Questions memory said = signedBy(contributor, 1);
        bytes memory signature = signed(CONTRIBUTOR, said.hash());
        bytes32 batch = bring(said, signature);
        (,, address writer,,,,,) = datanets.batchOf(batch);
        yes(writer == contributor, "its writer is who signed");
        speak(batch, validator, true);
        same(judges(batch), 1, "it is a batch like any other");
        vm.expectPartialRevert(HeldOutBatches.BatchExists.selector);
        bring(said, signature); // it stands there once
        vm.expectPartialRevert(HeldOutBatches.BatchExists.selector);
        put(contributor); // by its own account as well
    }

    function testWhatIsBroughtIsWhatWasSigned() public {
        Statements.Questions memory said = signedBy(contributor, 1);
        bytes memory signature = signed(CONTRIBUTOR, said.hash());
        bytes memory good = questions;
        questions = "what somebody else has made of it";
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, signature);
        (questions, keys) = (good, new bytes(243));
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, signature);
        keys = new bytes(162);
        said.writer = challenger;
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, signature); // under another's name
        said.writer = address(0);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, new bytes(65)); // under nobody's
        said = signedBy(contributor, 1);
        bytes memory strangers = signed(STRANGER, said.hash());
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, strangers);
        said.datanet = newDatanet("others");
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        bring(said, signature); // in another Datanet
    }

    function testWhatWasSignedIsBroughtInTimeAndToItsRosterAlone() public {
        Statements.Questions memory said = signedBy(contributor, 2);
        bytes memory signature = signed(CONTRIBUTOR, said.hash());
        vm.expectPartialRevert(HeldOutBatches.BatchNotAsked.selector);
        bring(said, signature); // the second does not sit
        said = signedBy(contributor, 1);
        signature = signed(CONTRIBUTOR, said.hash());
        vm.warp(said.deadline + 1);
        vm.expectPartialRevert(HeldOutBatches.BatchPutTooLate.selector);
        bring(said, signature);
        (said.datanet, said.roster) = ("no such", 0);
        said.deadline += 2;
        signature = signed(CONTRIBUTOR, said.hash());
        vm.expectPartialRevert(HeldOutBatches.BadBatch.selector);
        bring(said, signature);
    }
}
