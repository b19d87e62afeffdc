// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev How rules follow one another, and hosts.
contract TermsTest is Network {
    using Statements for Statements.Version;

    bytes32 private datanet;
    string private constant NEXT = '{"name":"next"}';
    string private constant OTHER = '{"name":"other"}';
    address[] private seats = [stranger, challenger];
    uint96[] private weights = [uint96(2), 5];

    function setUp() public override {
        super.setUp();
        datanet = newDatanet("rules"); // the host has one of four, the validator three
        staked(host, MIN_STAKE);
        staked(validator, MIN_STAKE);
        staked(stranger, MIN_STAKE);
        staked(challenger, MIN_STAKE);
    }

    function put(address by, string memory text) private returns (bytes32) {
        vm.prank(by);
        return datanets.proposeRules(datanet, text);
    }

    function speak(bytes32 amendment, address by, bool consents) private {
        vm.prank(by);
        datanets.speakOnRules(amendment, consents);
    }

    function number() private view returns (uint32 of_) {
        (of_,) = datanets.termsOf(datanet);
    }

    function rules() private view returns (bytes32 of_) {
        (, of_,,,,) = datanets.datanetOf(datanet);
    }

    function testMoreThanTwoThirdsSetThem() public {
        same(number(), 1, "the first ones");
        bytes32 amendment = put(host, NEXT);
        speak(amendment, host, true);
        same(number(), 1, "a fourth is too little");
        speak(amendment, validator, true);
        same(number(), 2, "all of it is enough");
        same(rules(), keccak256(bytes(NEXT)), "their hash");
        vm.expectPartialRevert(DatanetRegistry.OthersInForce.selector);
        speak(amendment, validator, true); // they are set once
    }

    function testExactlyTwoThirdsDoNot() public {
        bytes32 succession = _seated(2, 1);
        same(succession != 0 ? 1 : 0, 1, "seated");
        bytes32 amendment = put(stranger, NEXT);
        speak(amendment, stranger, true);
        same(number(), 1, "two of three");
        speak(amendment, challenger, true);
        same(number(), 2, "three of three");
    }

    function testOfTwoForOneNumberTheFirstToBeAgreedToIsSet() public {
        bytes32 one = put(host, NEXT);
        bytes32 two = put(validator, OTHER);
        yes(one != two, "each its own");
        vm.expectPartialRevert(DatanetRegistry.AlreadyPutForward.selector);
        put(validator, NEXT); // the very same, whoever says it
        speak(two, validator, true);
        same(rules(), keccak256(bytes(OTHER)), "three of four");
        vm.expectPartialRevert(DatanetRegistry.OthersInForce.selector);
        speak(one, validator, true); // its number is taken
    }

    function testWordsOfOneAreNotThoseOfAnother() public {
        bytes32 amendment = put(host, NEXT);
        speak(amendment, validator, true);
        speak(put(host, OTHER), validator, true);
        same(number(), 3, "each was agreed to");
        // Back to the text of before is another amendment: no word of then is counted again.
        bytes32 again = put(host, NEXT);
        yes(again != amendment, "another number, another amendment");
        same(number(), 3, "nobody has said anything to it");
    }

    function testAnotherRosterIsAskedAnew() public {
        bytes32 amendment = put(host, NEXT);
        speak(amendment, host, true);
        _seated(2, 5);
        vm.expectPartialRevert(DatanetRegistry.OthersInForce.selector);
        speak(amendment, validator, true);
        vm.expectPartialRevert(DatanetRegistry.OthersInForce.selector);
        speak(amendment, challenger, true);
        bytes32 anew = put(host, NEXT);
        yes(anew != amendment, "of another roster");
        speak(anew, challenger, true);
        same(number(), 2, "five of seven");
    }

    function testStrangersNeitherPutForwardNorSpeak() public {
        vm.expectPartialRevert(DatanetRegistry.NobodyHere.selector);
        put(stranger, NEXT);
        bytes32 amendment = put(host, NEXT);
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        speak(amendment, stranger, true);
        vm.expectPartialRevert(DatanetRegistry.OthersInForce.selector);
        speak("nothing", validator, true);
        speak(amendment, validator, false);
        vm.expectPartialRevert(DatanetRegistry.AlreadySpoke.selector);
        speak(amendment, validator, true); // a word is a word
        vm.prank(host);
        registry.requestUnbond(1);
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        speak(amendment, host, true); // not without its stake
    }

    function testATextIsThereAndBounded() public {
        vm.expectPartialRevert(DatanetRegistry.BadRules.selector);
        put(host, "");
        string memory most = string(new bytes(datanets.MAX_RULES()));
        put(host, most);
        vm.expectPartialRevert(DatanetRegistry.BadRules.selector);
        put(host, string.concat(most, "x"));
    }

    function testAHostHandsOverToWhoAccepts() public {
        vm.expectPartialRevert(DatanetRegistry.NotTheHost.selector);
        vm.prank(stranger);
        datanets.nameHost(datanet, stranger);
        vm.expectPartialRevert(DatanetRegistry.NotNamed.selector);
        vm.prank(stranger);
        datanets.acceptHost(datanet);
        name(host, stranger);
        same(hostNow(), host, "until it accepts");
        name(host, address(0));
        vm.expectPartialRevert(DatanetRegistry.NotNamed.selector);
        vm.prank(stranger);
        datanets.acceptHost(datanet); // it was taken back
        name(host, stranger);
        vm.prank(stranger);
        datanets.acceptHost(datanet);
        same(hostNow(), stranger, "hosts");
        vm.expectPartialRevert(DatanetRegistry.NotNamed.selector);
        vm.prank(stranger);
        datanets.acceptHost(datanet); // once
        vm.expectPartialRevert(DatanetRegistry.NotTheHost.selector);
        name(host, host);
        vm.expectPartialRevert(DatanetRegistry.UnknownDatanet.selector);
        vm.prank(stranger);
        datanets.acceptHost("no such");
    }

    function testWhoHasHandedOverAnchorsNothing() public {
        Statements.Version memory version = Statements.Version(datanet, 1, "root", 1, "cid");
        bytes memory old = signed(HOST, version.hash());
        name(host, stranger);
        vm.prank(stranger);
        datanets.acceptHost(datanet);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.anchorVersion(version, old);
    }

    function testWhatAHostAnnouncedThatLeftSeatsNobody() public {
        vm.prank(host);
        bytes32 succession = datanets.proposeRoster(datanet, seats, weights);
        name(host, stranger);
        vm.prank(stranger);
        datanets.acceptHost(datanet);
        vm.warp(block.timestamp + SILENCE);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, seats, weights);
        // The new one announces its own at once, and that one is seated.
        vm.prank(stranger);
        bytes32 own = datanets.proposeRoster(datanet, seats, weights);
        vm.warp(block.timestamp + SILENCE);
        datanets.seatRoster(own, seats, weights);
        same(datanets.rosterOf(datanet), 2, "the second one");
    }

    function testOfWhatIsAnnouncedInOneMomentTheLastAloneIsSeatedBySilence() public {
        vm.prank(host);
        bytes32 first = datanets.proposeRoster(datanet, seats, weights);
        vm.expectPartialRevert(DatanetRegistry.AlreadyHost.selector);
        name(host, host);
        name(host, stranger);
        vm.prank(stranger);
        datanets.acceptHost(datanet);
        vm.prank(stranger);
        bytes32 last = datanets.proposeRoster(datanet, seats, weights);
        vm.warp(block.timestamp + SILENCE);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(first, seats, weights);
        datanets.seatRoster(last, seats, weights);
        same(datanets.rosterOf(datanet), 2, "the second one");
    }

    function testRulesHaveALastNumber() public {
        uint32 last = datanets.MAX_RULES_NUMBER();
        for (uint32 i = 1; i < last; i++) {
            speak(put(host, NEXT), validator, true);
        }
        same(number(), last, "the last ones");
        vm.expectPartialRevert(DatanetRegistry.LastRules.selector);
        put(host, NEXT);
    }

    function name(address by, address next) private {
        vm.prank(by);
        datanets.nameHost(datanet, next);
    }

    function hostNow() private view returns (address of_) {
        (of_,,,,,) = datanets.datanetOf(datanet);
    }

    function _seated(uint96 a, uint96 b) private returns (bytes32 succession) {
        weights = [a, b];
        vm.prank(validator);
        succession = datanets.proposeRoster(datanet, seats, weights);
        vm.prank(validator);
        datanets.speakOnRoster(succession, true);
        datanets.seatRoster(succession, seats, weights);
    }
}
